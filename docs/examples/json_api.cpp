// A JSON API: router, pipelines, a controller whose actions wait for a pool thread, a session, Bearer tokens.
#include <phx/core/json.hpp>
#include <phx/core/token.hpp>
#include <phx/server/endpoint.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/router.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <mutex>

using namespace phx;
using namespace phx::server;

// The context: owns the data, knows no HTTP. Called on pool threads.
class Notes {
 public:
  int add(std::string text) {
    const std::lock_guard lock(mutex_);
    notes_[++last_] = std::move(text);
    return last_;
  }
  std::optional<std::string> find(int id) const {
    const std::lock_guard lock(mutex_);
    const auto found = notes_.find(id);
    return found == notes_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  mutable std::mutex mutex_;  // guards notes_, last_
  std::map<int, std::string> notes_;
  int last_ = 0;
};

// The view: data to JSON.
Json note_json(int id, const std::string& text) { return obj("data", obj("id", id, "text", text)); }

class NoteController {
 public:
  ActionResult show(Conn& conn) {
    const int id = std::atoi(text_param(conn, "id").c_str());
    const auto note = co_await conn.blocking([&] { return notes_.find(id); });
    if (!note) co_return NotFound{};
    co_return render(conn, note_json, id, *note);
  }
  ActionResult create(Conn& conn) {
    auto text = conn.params().value("text", Json(""));
    if (!text.is_string() || text.get_ref<const std::string&>().empty()) co_return Invalid{{{"text", {"can't be blank"}}}};
    const int id = co_await conn.blocking([&] { return notes_.add(text.get<std::string>()); });
    conn.status = 201;
    conn.put_resp_header("location", "/api/v1/notes/" + std::to_string(id));
    co_return render(conn, note_json, id, text);
  }

 private:
  Notes notes_;
};

Router make_router(const plug::KeysPtr& keys) {
  Router router;
  router.pipeline("api", {plug::accepts({"json"}), plug::rate_limit({.burst = 100, .per_second = 10})});
  router.pipeline("auth", {plug::require_auth(keys, {.salt = "api auth", .max_age = 3600})});
  router.scope("/api/v1", {"api"}, [](Scope& api) {
    api.get("/ping", [](Conn& conn) { return ActionResult(json(conn, obj("pong", true))); });
    api.scope("/", {"auth"}, [](Scope& own) { own.resources("/notes", std::make_shared<NoteController>()); });
  });
  return router;
}

int main() {
  const auto keys =
      std::make_shared<const core::KeyGenerator>("an example's secret: 64 bytes and more, from a file, never from the source");
  const auto router = make_router(keys);
  EndpointOptions options;
  options.plugs = {plug::request_id(), plug::parsers(), plug::head(), router.plug()};
  Endpoint endpoint(std::move(options));
  if (auto started = endpoint.start(); !started) return std::cerr << started.error().message() << '\n', 1;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  std::cout << router.routes_text() << "http://127.0.0.1:" << endpoint.port() << "/api/v1 with authorization: Bearer "
            << core::sign_token(*keys, "api auth", "ada", now) << "; Enter ends it" << std::endl;
  std::cin.get();
}
