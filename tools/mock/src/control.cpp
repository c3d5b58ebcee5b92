#include "control.hpp"

#include <chrono>

#include <phx/scenario/mask.hpp>
#include <phx/scenario/yaml.hpp>
#include <phx/server/controller.hpp>
#include <phx/server/pubsub.hpp>
#include <phx/server/shard.hpp>

namespace phx::mock {

using namespace server;
using namespace std::chrono_literals;

namespace {

constexpr auto wait_step = 10ms;

/// A bad request that says what would be right.
struct Bad {
  std::string what;
};

const Json* find(const Conn& conn, const char* name) {
  const auto found = conn.params().find(name);
  return found == conn.params().end() || found->is_null() ? nullptr : &*found;
}

std::string text(const Conn& conn, const char* name, std::string otherwise) {
  const Json* value = find(conn, name);
  if (!value) return otherwise;
  if (!value->is_string()) throw Bad{std::string(name) + ": expected text"};
  return value->get<std::string>();
}

std::string need_text(const Conn& conn, const char* name) {
  if (!find(conn, name)) throw Bad{std::string("no ") + name + "; send it as JSON: {\"" + name + "\": ...}"};
  return text(conn, name, {});
}

/// JSON numbers, and the texts of queries.
std::optional<std::uint64_t> number(const Conn& conn, const char* name) {
  const Json* value = find(conn, name);
  if (!value) return std::nullopt;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  if (value->is_string()) {
    const auto parsed = parse_json(value->get_ref<const std::string&>());
    if (parsed && parsed->is_number_unsigned()) return parsed->get<std::uint64_t>();
  }
  throw Bad{std::string(name) + ": expected a whole number from 0"};
}

std::uint16_t close_code(const Conn& conn, std::uint64_t otherwise) {
  const auto code = number(conn, "code").value_or(otherwise);
  if (code < 1000 || code > 4999) throw Bad{"code: expected 1000 to 4999; 1006 is a loss without close frame"};
  return static_cast<std::uint16_t>(code);
}

JournalQuery query(const Conn& conn) {
  JournalQuery out;
  out.client = number(conn, "client");
  out.topic = text(conn, "topic", "*");
  out.event = text(conn, "event", "*");
  out.since = number(conn, "since").value_or(0);
  const std::string d = text(conn, "d", "");
  if (d == "in") out.direction = scenario::Direction::to_client;
  if (d == "out") out.direction = scenario::Direction::to_server;
  if (!d.empty() && !out.direction) throw Bad{"d: expected out (from the client) or in"};
  if (const Json* payload = find(conn, "payload")) {
    const auto parsed = payload->is_string() ? parse_json(payload->get_ref<const std::string&>()) : Result<Json>(*payload);
    out.payload = Pattern::subset(parsed.value_or(*payload));
  }
  return out;
}

Payload to_payload(const Json* value) {
  if (!value) return {};
  if (const auto bytes = binary_of(*value)) return Payload::binary(*bytes);
  if (!value->is_object()) throw Bad{"payload: expected an object, or {\"$binary\": \"<base64>\"}"};
  return Payload(*value);
}

template <class F>
Action guarded(F act) {
  return [act](Conn& conn) -> ActionResult {
    try {
      return act(conn);
    } catch (const Bad& bad) { return json(conn, 400, obj("error", bad.what)); }
  };
}

std::size_t length(const Json& array) { return array.get_ref<const Json::array_t&>().size(); }

ActionResult wait_for(Conn& conn, Mock& mock) {
  JournalQuery wanted;
  std::uint64_t count = 1;
  Duration limit = 5s;
  std::string wrong;
  try {
    wanted = query(conn);
    if (!wanted.direction) wanted.direction = scenario::Direction::to_server;
    count = number(conn, "count").value_or(1);
    const auto parsed = scenario::parse_duration(text(conn, "timeout", "5s"));
    if (!parsed || *parsed > 5min) throw Bad{"timeout: expected a time up to 5m, as in 2s"};
    limit = *parsed;
  } catch (const Bad& bad) { wrong = bad.what; }
  if (!wrong.empty()) co_return json(conn, 400, obj("error", wrong));
  const Instant until = conn.shard->now() + limit;
  while (true) {
    const Json found = mock.journal().entries(wanted, count);
    if (length(found) >= count) co_return json(conn, 200, obj("entries", found));
    if (conn.shard->now() >= until) co_return json(conn, 408, obj("error", "not within the timeout", "entries", found));
    co_await conn.sleep(wait_step);
  }
}

/// Asks the relay, on its threads, which clients there are, and answers on the connection's own.
template <class Reply>
ActionResult with_clients(Conn& conn, relay::Relay& relay, Reply reply) {
  conn.answer_later([&relay, reply](Conn waiting, Answer answer) {
    Shard* shard = waiting.shard;
    auto held = std::make_shared<Conn>(std::move(waiting));
    relay.clients([shard, held, answer, reply](std::vector<relay::RelayClient> clients) {
      shard->post([held, answer, reply, clients = std::move(clients)] {
        reply(*held, clients);
        answer(std::move(*held));
      });
    });
  });
  return Sent{};
}

ActionResult list_clients(Conn& conn, relay::Relay& relay) {
  return with_clients(conn, relay, [](Conn& answered, const std::vector<relay::RelayClient>& clients) {
    Json out = Json::array();
    for (const auto& c : clients)
      out.push_back(obj("client", c.c, "transport", c.transport, "target", scenario::mask_url(c.target), "silent", c.silent, "received",
                        c.received, "sent", c.sent));
    json(answered, obj("clients", out));
  });
}

/// Does it to a client that is there; otherwise 404.
template <class Act>
ActionResult to_client(Conn& conn, relay::Relay& relay, std::uint64_t client, Act act) {
  return with_clients(conn, relay, [client, act](Conn& answered, const std::vector<relay::RelayClient>& clients) {
    if (std::ranges::find(clients, client, &relay::RelayClient::c) == clients.end()) {
      json(answered, 404, obj("error", "no client " + std::to_string(client) + "; GET /__mock/clients lists them"));
      return;
    }
    act();
    json(answered, obj("ok", true));
  });
}

Json index() {
  return Json{
      {"routes",
       {"GET /__mock/clients", "GET /__mock/journal?client&topic&event&d&since&payload", "GET /__mock/summary",
        "POST /__mock/push {topic, event, payload}", "POST /__mock/kick {client, code, reason}", "POST /__mock/disconnect {code, reason}",
        "POST /__mock/silence {client}", "POST /__mock/faults {fault}", "DELETE /__mock/faults",
        "POST /__mock/wait {client, topic, event, payload, d, since, count, timeout}", "POST /__mock/reset"}}};
}

}  // namespace

void add_control(Router& router, Mock& mock, relay::Relay*& relay) {
  const auto done = [](Conn& conn) -> ActionResult { return json(conn, obj("ok", true)); };
  router.scope("/__mock", {"control"}, [&](Scope& s) {
    s.get("/", [](Conn& conn) -> ActionResult { return json(conn, index()); });
    s.get("/clients", [&relay](Conn& conn) { return list_clients(conn, *relay); });
    s.get("/journal",
          guarded([&mock](Conn& conn) -> ActionResult { return json(conn, obj("entries", mock.journal().entries(query(conn)))); }));
    s.get("/summary", [&mock](Conn& conn) -> ActionResult { return json(conn, mock.journal().summary()); });
    s.post("/push", guarded([&mock, done](Conn& conn) -> ActionResult {
             const std::string topic = need_text(conn, "topic"), event = need_text(conn, "event");
             (void)mock.pubsub().broadcast(topic, event, to_payload(find(conn, "payload")));
             return done(conn);
           }));
    s.post("/kick", guarded([&relay](Conn& conn) -> ActionResult {
             const auto client = number(conn, "client");
             if (!client) throw Bad{"no client; GET /__mock/clients lists them"};
             const auto kick = [relay, client, code = close_code(conn, 1000), reason = text(conn, "reason", "")] {
               relay->close(client, code, reason);
             };
             return to_client(conn, *relay, *client, kick);
           }));
    s.post("/disconnect", guarded([&relay, done](Conn& conn) -> ActionResult {
             relay->close({}, close_code(conn, 1012), text(conn, "reason", ""));
             return done(conn);
           }));
    s.post("/silence", guarded([&relay, done](Conn& conn) -> ActionResult {
             const auto client = number(conn, "client");
             if (client) return to_client(conn, *relay, *client, [relay, client] { relay->fall_silent(client); });
             relay->fall_silent({});
             return done(conn);
           }));
    s.post("/faults", guarded([&relay, done](Conn& conn) -> ActionResult {
             const auto steps = scenario::parse_fault(conn.body_params());
             if (!steps) throw Bad{steps.error()};
             relay->add_faults(*steps);
             return done(conn);
           }));
    s.delete_("/faults", [&relay, done](Conn& conn) -> ActionResult {
      relay->clear_faults();
      return done(conn);
    });
    s.post("/wait", [&mock](Conn& conn) { return wait_for(conn, mock); });
    s.post("/reset", [&mock, &relay, done](Conn& conn) -> ActionResult {
      mock.reset();
      mock.journal().reset();
      relay->clear_faults();
      return done(conn);
    });
  });
}

void add_routes(Router& router, std::shared_ptr<const MockFile> file) {
  for (const MockRoute& route : file->routes) {
    router.match(route.method, route.path, [file, &route](Conn& conn) -> ActionResult {
      scenario::Variables variables{{"params", conn.params()}, {"method", conn.method}, {"path", conn.path}};
      scenario::TemplateScope scope;
      scope.variables = &variables;
      scope.unix_ms = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
      std::uint64_t counter = 0;
      scenario::Rng random(1);
      scope.counter = &counter;
      scope.random = &random;
      for (const auto& [name, value] : route.headers) conn.put_resp_header(name, value);
      if (!route.has_body) return send_resp(conn, route.status);
      const Json body = route.body.value(scope);
      if (body.is_string()) {
        conn.status = route.status;
        return server::text(conn, body.get<std::string>());
      }
      return json(conn, route.status, body);
    });
  }
}

}  // namespace phx::mock
