#include "longpoll_sessions.hpp"

#include <utility>
#include <vector>

#include <phx/core/base64.hpp>
#include <phx/core/random.hpp>

namespace phx::server::detail {

namespace {

constexpr std::size_t session_id_bytes = 16;

std::string random_text() { return core::base64_encode(core::SystemRandom().bytes(session_id_bytes)); }

}  // namespace

core::etf::Term LongPollAddress::to_term() const {
  using core::etf::Term;
  return Term::tuple({Term::atom("v1"), Term(instance), Term(static_cast<std::int64_t>(shard)), Term(static_cast<std::int64_t>(id)),
                      Term("phx:lp:" + secret)});
}

std::optional<LongPollAddress> LongPollAddress::from_term(const core::etf::Term& term) {
  constexpr std::string_view prefix = "phx:lp:";
  const auto* tuple = term.get<core::etf::Tuple>();
  if (!tuple || tuple->elements.size() != 5 || !tuple->elements[0].is_atom("v1")) return std::nullopt;
  const auto* instance = tuple->elements[1].get<std::string>();
  const auto* shard = tuple->elements[2].get<std::int64_t>();
  const auto* id = tuple->elements[3].get<std::int64_t>();
  const auto* topic = tuple->elements[4].get<std::string>();
  if (!instance || !shard || !id || !topic || !topic->starts_with(prefix)) return std::nullopt;
  return LongPollAddress{*instance, static_cast<std::size_t>(*shard), static_cast<std::uint64_t>(*id), topic->substr(prefix.size())};
}

LongPollDirectory::LongPollDirectory() : instance_(random_text()) {}

void LongPollDirectory::enter(Shard& shard) {
  const std::lock_guard lock(mutex_);
  shards_[shard.index()] = &shard;
}

void LongPollDirectory::leave(const Shard& shard) {
  const std::lock_guard lock(mutex_);
  shards_.erase(shard.index());
}

void LongPollDirectory::send(const LongPollAddress& to, LongPollRequest request) {
  if (to.instance != instance_) return;
  const std::lock_guard lock(mutex_);
  const auto found = shards_.find(to.shard);
  if (found == shards_.end()) return;
  Shard& shard = *found->second;
  auto work = [self = shared_from_this(), &shard, to, request = std::move(request)]() mutable {
    LongPollSessions::of(shard, self).receive(to, std::move(request));
  };
  shard.is_current() ? shard.defer(std::move(work)) : shard.post(std::move(work));
}

LongPollSessions& LongPollSessions::of(Shard& shard, const std::shared_ptr<LongPollDirectory>& directory) {
  // The key is this type's own: every part under a directory's address is one of these.
  return static_cast<LongPollSessions&>(
      shard.part(directory.get(), [&]() -> std::unique_ptr<ShardPart> { return std::make_unique<LongPollSessions>(shard, directory); }));
}

LongPollSessions::LongPollSessions(Shard& shard, std::shared_ptr<LongPollDirectory> directory)
    : shard_(shard), directory_(std::move(directory)) {
  directory_->enter(shard_);
}

LongPollSessions::~LongPollSessions() { directory_->leave(shard_); }

LongPollAddress LongPollSessions::open(std::unique_ptr<TransportSession> session, const LongPollSession::Settings& settings) {
  const auto id = ++last_id_;
  // Later, because a session ends within its own calls; what is deferred or posted runs before the table goes.
  auto forget = [this, id] { shard_.defer([this, id] { sessions_.erase(id); }); };
  auto opened = std::make_unique<LongPollSession>(shard_, std::move(session), settings, std::move(forget));
  opened->open();
  LongPollAddress address{directory_->instance(), shard_.index(), id, random_text()};
  sessions_.emplace(id, Entry{address.secret, std::move(opened)});
  return address;
}

void LongPollSessions::receive(const LongPollAddress& to, LongPollRequest request) {
  const auto found = sessions_.find(to.id);
  if (found != sessions_.end() && found->second.secret == to.secret) found->second.session->receive(std::move(request));
}

void LongPollSessions::drain(const TransportHandler* of) {
  for (const auto& [id, entry] : sessions_)
    if (!of || entry.session->handler() == of) entry.session->drain();
}

void LongPollSessions::shutdown() {
  for (const auto& [id, entry] : sessions_) entry.session->shutdown();
}

}  // namespace phx::server::detail
