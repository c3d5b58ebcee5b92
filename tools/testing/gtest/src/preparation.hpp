#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <phx/core/json.hpp>
#include <phx/server/controller.hpp>
#include <phx/server/plug.hpp>
#include <phx/testing/conn_case.hpp>

namespace phx::testing::detail {

/// Where the session keeps the flash (server.md 11.5).
inline constexpr const char* flash_key = "phoenix_flash";

/// What a request asks of the server beside its bytes.
struct Preparation {
  Json session;  // null: none
  std::optional<server::Conn::Bypass> bypass = {};
  server::Plug plug = {};      // behind the bypass
  server::Action action = {};  // instead of everything else

  const Json* flash() const {
    const auto found = session.is_object() ? session.find(flash_key) : session.end();
    return found == session.end() ? nullptr : &*found;
  }
  Json& fetched_flash() {
    if (!flash()) throw std::logic_error("flash not fetched, call fetch_flash");
    return session[flash_key];
  }
  bool needs_process() const { return !session.is_null() || bypass || action; }
};

/// The requests under way of one test, by the header that names them: two plugs around the application's own do what they ask, and note
/// what the server saw. From the test and the worker.
class Preparations : public std::enable_shared_from_this<Preparations> {
 public:
  static constexpr std::string_view header = "x-phxkit-test";

  struct Outcome {
    std::optional<SeenConn> seen = {};
    bool unsent = false;  // answered for form's sake
  };

  server::PlugChain around(const server::PlugChain& plugs);
  /// The value of the header.
  std::string add(std::shared_ptr<const Preparation> asked, bool checks_csrf);
  Outcome take(const std::string& name);

 private:
  struct Entry {
    std::shared_ptr<const Preparation> asked;
    bool checks_csrf = false;
    Outcome outcome = {};
  };
  using EntryPtr = std::shared_ptr<Entry>;

  server::Conn first(server::Conn conn);
  server::Conn last(server::Conn conn);
  EntryPtr find(const server::Conn& conn);
  void note(Entry& entry, const server::Conn& conn);

  std::mutex mutex_;  // everything below, and the outcomes
  std::map<std::string, EntryPtr, std::less<>> entries_;
  std::uint64_t count_ = 0;
};

}  // namespace phx::testing::detail
