#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <phx/core/etf.hpp>
#include <phx/core/json.hpp>
#include <phx/server/conn.hpp>

namespace phx::server {

struct Conn::State {
  struct RespCookie {
    std::string name, value;
    CookieOptions options;
  };
  Json params = Json::object(), query_params = Json::object(), body_params = Json::object(), path_params = Json::object();
  std::vector<Upload> uploads;
  std::vector<RespCookie> resp_cookies;  // sorted by name, one of each
  std::function<core::etf::Term(const Conn&)> read_session;
  core::etf::Term session = core::etf::Term::empty_map();
  bool session_fetched = false;
  SessionChange session_change = SessionChange::none;
  std::vector<std::function<void(Conn&)>> hooks;
  std::weak_ptr<void> owner;
  bool skips_csrf_protection = false;
  Json test_session;  // null: none
  std::optional<Bypass> bypass;
};

}  // namespace phx::server
