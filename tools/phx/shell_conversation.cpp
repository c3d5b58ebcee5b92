#include "shell_conversation.hpp"

#include <phx/cli/program.hpp>
#include <phx/client/async.hpp>
#include <phx/core/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include "message_line.hpp"

namespace phx::cli::shell {
namespace {

constexpr std::size_t max_names = 1000;  // of a vocabulary: a server may make up any number

std::string_view name_of(client::ChannelState state) {
  switch (state) {
    case client::ChannelState::closed: return "closed";
    case client::ChannelState::joining: return "joining";
    case client::ChannelState::joined: return "joined";
    case client::ChannelState::leaving: return "leaving";
    case client::ChannelState::errored: return "errored";
  }
  return "unknown";
}

void learn(std::set<std::string>& names, const std::string& name) {
  if (names.size() < max_names) names.insert(name);
}

ExitCode code_of(std::error_code error) {
  const bool late = error == Errc::push_timeout || error == Errc::join_timeout;
  return late ? ExitCode::timed_out : ExitCode::error;
}

}  // namespace

Conversation::Conversation(const ConnectOptions& options, Session& session, View view)
    : options_(options),
      session_(session),
      view_(view),
      messages_(session.socket().on_message([this](const client::Message& m) { on_message(m); })) {}

void Conversation::execute(const Instruction& command, Done done) {
  try {
    std::visit([&](const auto& c) { run(c, done); }, command);
  } catch (const Failure& e) { done(e.code(), e.what()); }  // a payload that is none
}

Vocabulary Conversation::vocabulary() const { return {{topics_.begin(), topics_.end()}, {events_.begin(), events_.end()}}; }

/// Answers are shown by those who asked.
void Conversation::on_message(const client::Message& message) {
  if (message.topic == "phoenix" || message.event == "phx_reply") return;
  if (message.event == "phx_close" && !rooms_.contains(message.topic)) return;  // of a leave
  learn(events_, message.event);
  arrivals_.add(message.event);
  if (filter_.shows(message.event)) view_.message(session_.seconds(), message);
  if (awaited_ && awaited_()) session_.finish(ExitCode::pass);
}

Conversation::Room* Conversation::room(std::string topic, const Done& done) {
  if (topic.empty()) topic = last_;
  const auto at = rooms_.find(topic);
  if (at != rooms_.end()) return at->second.get();
  done(ExitCode::usage, topic.empty() ? "no topic is joined: join one first" : spelled(topic) + " is not joined: join it first");
  return nullptr;
}

// ---- the commands ----

void Conversation::run(const Help& command, const Done& done) {
  session_.out().talk(help_text(command.command));
  done(ExitCode::pass, {});
}

void Conversation::run(const Join& command, const Done& done) {
  const std::string topic = command.topic.empty() ? last_ : command.topic;
  if (topic.empty()) return done(ExitCode::usage, "no topic was joined before: say which");
  const auto before = rooms_.find(topic);
  if (before != rooms_.end() && before->second->channel.state() != client::ChannelState::closed)
    return done(ExitCode::usage, spelled(topic) + " is joined already");
  const auto payload = payload_argument(command.payload.empty() ? options_.join_payload : command.payload, "the payload");
  client::Channel channel = session_.channel(topic, payload);
  client::Presence presence(channel);
  const auto joining = std::make_shared<Room>(Room{std::move(channel), std::move(presence), {}, false});
  joining->synced = joining->presence.on_sync([this, room = joining.get()] {
    room->knows_presence = true;
    if (awaited_ && awaited_()) session_.finish(ExitCode::pass);
  });
  rooms_[topic] = joining;
  learn(topics_, topic);
  last_ = topic;
  joining->channel.async_join(
      [this, topic, done, room = std::weak_ptr(joining)](boost::system::error_code error, const client::Reply& reply) {
        const auto at = rooms_.find(topic);
        if ((error || reply.status != "ok") && at != rooms_.end() && at->second == room.lock())
          forget(topic);  // it would try again for ever
        answered(topic, "phx_join", error, reply, done);
      });
}

void Conversation::forget(const std::string& topic) {
  rooms_.erase(topic);
  if (last_ == topic) last_ = rooms_.empty() ? std::string() : rooms_.begin()->first;
}

void Conversation::answered(const std::string& topic, const std::string& event, std::error_code error, const client::Reply& reply,
                            const Done& done) {
  const std::string what = (event == "phx_join" ? "the join of " : spelled(event) + " on ") + spelled(topic);
  if (error == Errc::cancelled || error == Errc::channel_closed) return done(ExitCode::error, what + " was given up");
  if (code_of(error) == ExitCode::timed_out)
    return done(ExitCode::timed_out, "no answer to " + what + " within " + options_.timeout_text(default_timeout));
  if (error) return done(code_of(error), what + " failed: " + error.message());
  view_.reply(std::round(session_.seconds() * 1e6) / 1e6, topic, event, reply);
  if (reply.status == "ok") return done(ExitCode::pass, {});
  done(ExitCode::check_failed, what + " was answered with " + spelled(reply.status));
}

void Conversation::run(const Leave& command, const Done& done) {
  const std::string topic = command.topic.empty() ? last_ : command.topic;
  Room* leaving = room(topic, done);
  if (leaving == nullptr) return;
  const auto kept = rooms_.at(topic);
  forget(topic);
  kept->channel.async_leave([this, topic, kept, done](boost::system::error_code error, const client::Reply& reply) {
    answered(topic, "phx_leave", error, reply, done);
  });
}

void Conversation::run(const Push& command, const Done& done) {
  Room* to = room(command.topic, done);
  if (to == nullptr) return;
  const auto payload = payload_argument(command.payload.empty() ? "{}" : command.payload, "the payload");
  learn(events_, command.event);
  if (!command.wants_reply) {
    to->channel.push(command.event, payload);
    return done(ExitCode::pass, {});
  }
  to->channel.async_push(command.event, payload,
                         [this, topic = to->channel.topic(), event = command.event, done](
                             boost::system::error_code error, const client::Reply& reply) { answered(topic, event, error, reply, done); });
}

void Conversation::run(const Topics&, const Done& done) {
  for (const auto& [topic, room] : rooms_) view_.topic(topic, name_of(room->channel.state()));
  done(ExitCode::pass, {});
}

void Conversation::run(const ShowPresence& command, const Done& done) {
  Room* asked = room(command.topic, done);
  if (asked == nullptr) return;
  const std::string topic = asked->channel.topic();
  if (!asked->knows_presence) {
    const auto kept = rooms_.at(topic);
    awaited_ = [kept] { return kept->knows_presence; };
    const ExitCode end = session_.loop().run(std::chrono::steady_clock::now() + patience());
    awaited_ = {};
    if (end == ExitCode::timed_out)
      return done(end, spelled(topic) + " sent no presence_state within " + options_.timeout_text(default_timeout));
    if (end != ExitCode::pass) return done(end, {});
    asked = kept.get();
  }
  Json list = Json::object();
  for (const auto& entry : asked->presence.list()) list[entry.key] = presence_json(entry);
  view_.presence(topic, list);
  done(ExitCode::pass, {});
}

void Conversation::run(const ShowEvents& command, const Done& done) {
  filter_.set(command.glob, command.on);
  done(ExitCode::pass, {});
}

void Conversation::run(const WaitFor& command, const Done& done) {
  if (arrivals_.take(command.glob)) return done(ExitCode::pass, {});
  awaited_ = [this, &command] { return arrivals_.take(command.glob); };
  const ExitCode end = session_.loop().run(std::chrono::steady_clock::now() + command.limit.value_or(patience()));
  awaited_ = {};
  done(end, end == ExitCode::timed_out ? "no " + spelled(command.glob) + " came in time" : std::string());
}

void Conversation::run(const Sleep& command, const Done& done) {
  const ExitCode end = session_.loop().run(std::chrono::steady_clock::now() + command.time);
  done(end == ExitCode::timed_out ? ExitCode::pass : end, {});
}

void Conversation::run(const Ping&, const Done& done) {
  session_.socket().async_ping([this, done](boost::system::error_code error, Duration rtt) {
    if (error) return done(ExitCode::cannot_connect, "not connected: " + error.message());
    view_.ping(std::round(std::chrono::duration<double, std::micro>(rtt).count()) / 1000);
    done(ExitCode::pass, {});
  });
}

void Conversation::run(const Quit&, const Done& done) { done(ExitCode::pass, {}); }

std::string help_text(std::string_view command) {
  std::string out;
  std::size_t widest = 0;
  const auto usage = [](const CommandInfo& info) {
    return std::string(info.word) + (info.arguments.empty() ? "" : " ") + std::string(info.arguments);
  };
  const auto asked = [&](const CommandInfo& info) { return command.empty() || command == info.word; };
  for (const CommandInfo& info : commands())
    if (asked(info)) widest = std::max(widest, usage(info).size());
  for (const CommandInfo& info : commands()) {
    if (!asked(info)) continue;
    const std::string left = usage(info);
    out += (out.empty() ? "" : "\n") + left + std::string(widest + 2 - left.size(), ' ') + std::string(info.text);
  }
  return out + (command.empty() ? "\nTOPIC may be . for the one joined last; Tab completes; Ctrl-C gives up what is being waited for" : "");
}

}  // namespace phx::cli::shell
