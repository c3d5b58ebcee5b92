#include "scripted_wire.hpp"

#include <gtest/gtest.h>

#include <phx/core/ws/handshake.hpp>
#include <phx/load/scenario_swarm.hpp>

#include <algorithm>
#include <utility>

namespace phx::load::test {

using core::MessageView;

struct ScriptedServer::Client {
  Client(ScriptedServer& server, Crowd*& of, std::uint32_t at) : swarm(of), slot(at), link(server.engine, core::v2_serializer()) {}
  Crowd*& swarm;
  std::uint32_t slot;
  bool open = true, upgraded = false;
  core::ws::Decoder decoder{core::ws::Role::server};
  scenario::FaultLink link;
  std::string topic, join_ref;
};

class ScriptedServer::Port final : public Wire {
 public:
  explicit Port(ScriptedServer& server) : server_(server) {}
  Crowd* swarm = nullptr;

  std::optional<ErrorClass> open(std::uint32_t slot, unsigned, std::uint32_t) override {
    auto c = std::make_shared<Client>(server_, swarm, slot);
    server_.clients_.push_back(conns_[slot] = c);
    server_.post(server_.now_ + 1ms, [this, c] {
      if (!c->open) return;
      if (server_.refuse_connections) {
        c->open = false;
        return swarm->on_lost(c->slot, 0, ErrorClass::connect_refused, server_.now_);
      }
      swarm->on_tcp(c->slot, 0, server_.now_);
      swarm->on_secure(c->slot, 0, server_.now_);
    });
    return std::nullopt;
  }
  void write(std::uint32_t slot, unsigned, std::string_view bytes) override {
    auto c = conns_[slot];
    server_.post(server_.handled_at(), [this, c, text = std::string(bytes)] { server_.on_server_bytes(*c, text); });
  }
  void close(std::uint32_t slot, unsigned, bool) override {
    auto c = conns_[slot];
    if (!c) return;
    conns_.erase(slot);
    c->open = false;
    server_.post(server_.now_ + 1ms, [c] { c->topic.clear(); });
  }
  void read(std::uint32_t, bool) override {}

 private:
  ScriptedServer& server_;
  std::map<std::uint32_t, std::shared_ptr<Client>> conns_;
};

ScriptedServer::ScriptedServer(std::vector<scenario::FaultRule> faults, std::uint64_t seed) : engine(std::move(faults), seed) {}
ScriptedServer::~ScriptedServer() = default;

SwarmJob ScriptedServer::job_of(Plan plan, std::uint32_t part, std::uint32_t parts) {
  plan_ = std::move(plan);
  return {.plan = plan_, .url = "ws://test/socket", .run = 42, .part = part, .parts = parts, .start = start_};
}

Swarm& ScriptedServer::add(Plan plan, std::uint32_t part, std::uint32_t parts) {
  ports_.push_back(std::make_unique<Port>(*this));
  auto swarm = std::make_unique<Swarm>(job_of(std::move(plan), part, parts), *ports_.back());
  Swarm& out = *swarm;
  swarms_.push_back(std::move(swarm));
  ports_.back()->swarm = swarms_.back().get();
  return out;
}

void ScriptedServer::add_scenario(Plan plan, std::uint32_t part, std::uint32_t parts) {
  ports_.push_back(std::make_unique<Port>(*this));
  swarms_.push_back(std::make_unique<ScenarioSwarm>(job_of(std::move(plan), part, parts), *ports_.back()));
  ports_.back()->swarm = swarms_.back().get();
}

/// One way, and no earlier than the end of a stall.
Instant ScriptedServer::handled_at() const {
  const Instant at = now_ + 1ms;
  return stall_from != Duration::max() && at >= start_ + stall_from && at < start_ + stall_to ? start_ + stall_to : at;
}

void ScriptedServer::run_until(Duration offset) {
  const Instant until = start_ + offset;
  while (true) {
    Instant next = queue_.empty() ? Instant::max() : queue_.begin()->first;
    for (auto& swarm : swarms_) next = std::min(next, swarm->next_deadline().value_or(Instant::max()));
    if (asleep_from != Duration::max() && next >= start_ + asleep_from) next = std::max(next, start_ + asleep_to);
    if (next > until) break;
    now_ = std::max(now_, next);
    while (!queue_.empty() && queue_.begin()->first <= now_) {
      auto what = std::move(queue_.begin()->second);
      queue_.erase(queue_.begin());
      what();
    }
    for (auto& swarm : swarms_) swarm->on_deadline(now_);
  }
  now_ = until;
}

RunPart ScriptedServer::finish() {
  Duration at = plan_.length();
  run_until(at);
  const auto drained = [&] { return std::all_of(swarms_.begin(), swarms_.end(), [&](const auto& s) { return s->drained(now_); }); };
  while (!drained() && at < plan_.length() + plan_.drain) run_until(at += 50ms);
  RunPart out;
  for (auto& swarm : swarms_) {
    swarm->finish(now_);
    RunPart part;
    part.stages = swarm->stages();
    part.ledger = std::move(swarm->ledger());
    part.users = swarm->users();
    part.refusal = swarm->first_refusal();
    out.merge(std::move(part));
  }
  return out;
}

Stats ScriptedServer::total() {
  Stats out;
  for (auto& swarm : swarms_)
    for (const Stats& s : swarm->stages()) out.merge(s);
  return out;
}

void ScriptedServer::cut_all() {
  for (auto& c : clients_) {
    if (!std::exchange(c->open, false)) continue;
    c->topic.clear();
    c->swarm->on_lost(c->slot, 0, ErrorClass::connection_lost, now_);
  }
}

void ScriptedServer::to_client(Client& c, std::string bytes, Instant when) {
  post(when, [this, who = &c, text = std::move(bytes)]() mutable {
    if (who->open) who->swarm->on_bytes(who->slot, 0, text, now_);
  });
}

void ScriptedServer::on_request(Client& c, const std::string& bytes) {
  if (bytes.starts_with("GET /api ")) return to_client(c, "HTTP/1.1 200 OK\r\ncontent-length: 13\r\n\r\n{\"token\":\"t\"}", now_ + 1ms);
  const std::size_t key = bytes.find("Sec-WebSocket-Key: ");
  ASSERT_NE(key, std::string::npos) << bytes;
  const std::string value = bytes.substr(key + 19, 24);
  if (refuse_upgrades) return to_client(c, "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n", now_ + 1ms);
  c.upgraded = true;
  to_client(c,
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: " +
                core::ws::accept_value(value) + "\r\n\r\n",
            now_ + 1ms);
}

void ScriptedServer::on_server_bytes(Client& c, std::string bytes) {
  if (!c.upgraded) return on_request(c, bytes);
  c.decoder.feed(bytes);
  core::EnvelopeScratch scratch;
  while (const auto event = c.decoder.next()) {
    if (const auto* message = std::get_if<core::ws::MessageEvent>(&*event)) {
      const auto in = core::v2_serializer().decode_client(message->op, message->data, scratch);
      ASSERT_TRUE(in) << message->data;
      on_client_message(c, *in);
    } else if (std::holds_alternative<core::ws::CloseEvent>(*event)) {
      std::string out;
      core::ws::append_frame(out, core::ws::FrameOp::close, core::ws::close_payload(1000));
      c.topic.clear();
      to_client(c, out, now_ + 1ms);
    }
  }
}

void ScriptedServer::on_client_message(Client& c, const core::EnvelopeView& in) {
  MessageView reply{.kind = MessageView::Kind::reply, .join_ref = in.join_ref, .ref = in.ref, .topic = in.topic, .status = "ok"};
  const std::string join_ref(in.join_ref);
  if (in.event == "phx_join") {
    if (refuse_joins)
      reply.status = "error", reply.payload = R"({"reason":"unauthorized"})";
    else
      c.topic = in.topic;
    c.join_ref = join_ref;
  } else if (in.event == "phx_leave") {
    c.topic.clear();
  } else if (in.event == "ping") {
    reply.payload = in.payload;
  } else if (in.event == "new_msg") {
    const MessageView broadcast{.kind = MessageView::Kind::broadcast, .topic = in.topic, .event = "new_msg", .payload = in.payload};
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      if (clients_[i]->topic != in.topic) continue;
      ++sent_broadcasts;
      send(*clients_[i], broadcast);
    }
    return;
  }
  send(c, reply);
}

void ScriptedServer::send(Client& c, const MessageView& message) {
  std::string text;
  const auto op = core::v2_serializer().encode(message, text);
  scenario::LinkActions actions;
  c.link.on_message({scenario::Direction::to_client, op.value(), text}, now_, actions);
  perform(c, actions);
  if (const auto due = c.link.next_deadline()) {
    post(*due, [this, who = &c] {
      scenario::LinkActions late;
      who->link.on_deadline(now_, late);
      perform(*who, late);
    });
  }
}

void ScriptedServer::perform(Client& c, scenario::LinkActions& actions) {
  for (const auto& action : actions) {
    const auto* message = std::get_if<scenario::Deliver>(&action);
    if (message == nullptr) continue;
    std::string frame;
    core::ws::append_frame(frame, core::ws::FrameOp::text, message->bytes);
    to_client(c, frame, std::max(now_, message->at) + 1ms);
  }
}

}  // namespace phx::load::test
