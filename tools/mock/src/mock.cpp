#include <phx/mock/mock.hpp>

namespace phx::mock {

Mock::Mock(FilePtr file, server::PubSub& pubsub, Journal& journal, std::uint64_t seed)
    : pubsub_(pubsub), journal_(journal), presence_(pubsub), file_(std::move(file)), seeds_(seed) {
  journal_.expect(file_->expect);
}

Mock::FilePtr Mock::file() const {
  const std::lock_guard lock(mutex_);
  return file_;
}

void Mock::use(FilePtr file) {
  journal_.expect(file->expect);
  const std::lock_guard lock(mutex_);
  file_ = std::move(file);
  used_.clear();
}

void Mock::reset() {
  const std::lock_guard lock(mutex_);
  used_.clear();
}

std::uint64_t Mock::seed() {
  const std::lock_guard lock(mutex_);
  return seeds_.next();
}

const MockRule* Mock::choose(const std::vector<MockRule>& rules, const Json& payload, std::string_view state,
                             const scenario::TemplateScope& scope) {
  const MockRule* last = nullptr;
  const std::lock_guard lock(mutex_);
  for (const MockRule& rule : rules) {
    if ((rule.state && *rule.state != state) || !rule.payload.matches(payload, scope)) continue;
    last = &rule;
    if (rule.times == 0 || used_[&rule] < rule.times) break;
  }
  if (last) ++used_[last];
  return last;
}

void Mock::begin_presence(const FilePtr& file, const MockChannelScript& script, const std::string& topic) {
  {
    const std::lock_guard lock(mutex_);
    if (!present_.insert(topic).second) return;
  }
  const server::ActorId actor = server::Presence::new_actor();
  for (const MockPresenceStep& step : script.presence) {
    const auto run = [this, file, &step, topic, actor] {
      for (const auto& [key, meta] : step.join) (void)presence_.track(actor, topic, key, meta);
      for (const std::string& key : step.leave) presence_.untrack(actor, topic, key);
    };
    if (step.at == Duration{} || !later_)
      run();
    else
      later_(step.at, run);
  }
}

void Mock::unmatched(std::string_view topic) {
  journal_.unexpected(topic, "phx_join", "no channel of the mock matches", clock_ ? clock_() : Instant{});
}

MockUserSocket::MockUserSocket(Mock& mock, std::string path) : mock_(mock), path_(std::move(path)) {
  channel("*", [&mock] { return std::make_unique<MockChannel>(mock); });
}

const server::ChannelPattern* MockUserSocket::find(std::string_view topic) const noexcept {
  if (mock_.file()->find(topic)) return UserSocket::find(topic);
  mock_.unmatched(topic);
  return nullptr;
}

server::ConnectResult MockUserSocket::connect(const Json& params, server::ConnectSocket& socket, const server::ConnectInfo&) const {
  const auto file = mock_.file();
  if (const MockSocket* mount = file->socket(path_))
    for (const MockRefusal& refusal : mount->refuse)
      if (refusal.params.matches(params)) return server::ConnectError{server::Payload(obj("status", refusal.status, "body", refusal.body))};
  socket.assign("params", params);
  return server::ConnectOk{};
}

}  // namespace phx::mock
