// The parts of Conn that live in its State: parameters, cookies, session, hooks, suspension.
#include "http_conn_state.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include <phx/core/etf_json.hpp>
#include <phx/server/cookies.hpp>
#include <phx/server/shard.hpp>

#include "http_time.hpp"

namespace phx::server {

namespace {

using core::etf::Map;
using core::etf::Term;

const std::string* text_key(const std::pair<Term, Term>& entry) { return entry.first.get<std::string>(); }

void check_cookie_part(std::string_view what, std::string_view text, std::string_view forbidden) {
  if (text.find_first_of(forbidden) != std::string_view::npos || text.find('\0') != std::string_view::npos)
    throw std::invalid_argument("cookie " + std::string(what) + " holds a character that would end it");
}

/// `name=value; path=/; domain=...; expires=...; max-age=N; secure; HttpOnly; SameSite=Lax` (server.md 10.1, golden cookies).
std::string cookie_text(std::string_view name, std::string_view value, const CookieOptions& options, bool secure) {
  std::string out = std::string(name) + "=" + std::string(value) + "; path=" + options.path;
  if (!options.domain.empty()) out += "; domain=" + options.domain;
  if (options.max_age) {
    const auto then = *options.max_age > 0 ? detail::wall_now() + std::chrono::seconds(*options.max_age) : core::UnixTime{};
    out += "; expires=" + detail::http_date(then) + "; max-age=" + std::to_string(*options.max_age);
  }
  if (secure) out += "; secure";
  if (options.http_only) out += "; HttpOnly";
  if (!options.same_site.empty()) out += "; SameSite=" + options.same_site;
  if (!options.extra.empty()) out += "; " + options.extra;
  if (out.size() > 4096) throw std::invalid_argument("cookie " + std::string(name) + " is longer than 4096 bytes");
  return out;
}

void require_fetched(bool fetched) {
  if (!fetched) throw std::logic_error("the session is not fetched: put plug::session and plug::fetch_session ahead");
}

}  // namespace

Conn::State& Conn::state() {
  if (!state_) state_ = std::make_unique<State>();
  return *state_;
}

const Conn::State& Conn::state() const noexcept {
  static const State empty;
  return state_ ? *state_ : empty;
}

Json& Conn::params() { return state().params; }
const Json& Conn::params() const { return state().params; }
Json& Conn::query_params() { return state().query_params; }
Json& Conn::body_params() { return state().body_params; }
Json& Conn::path_params() { return state().path_params; }
const Json& Conn::path_params() const { return state().path_params; }
std::vector<Upload>& Conn::uploads() { return state().uploads; }

std::optional<std::string> Conn::cookie(std::string_view name) const {
  for (const auto& [header, value] : req_headers) {
    if (header != "cookie") continue;
    for (const auto& [key, text] : decode_cookies(value))
      if (key == name) return std::string(text);
  }
  return std::nullopt;
}

void Conn::put_resp_cookie(std::string_view name, std::string_view value, CookieOptions options) {
  check_cookie_part("name", name, " \t\r\n\v\f=;,");
  if (name.empty()) throw std::invalid_argument("a cookie needs a name");
  check_cookie_part("value", value, "\r\n;");
  for (const auto& part : {options.path, options.domain, options.same_site}) check_cookie_part("attribute", part, "\r\n;");
  check_cookie_part("attribute", options.extra, "\r\n");
  auto& cookies = state().resp_cookies;
  const auto at = std::ranges::lower_bound(cookies, name, {}, &State::RespCookie::name);
  State::RespCookie cookie{std::string(name), std::string(value), std::move(options)};
  if (at != cookies.end() && at->name == name)
    *at = std::move(cookie);
  else
    cookies.insert(at, std::move(cookie));
}

void Conn::delete_resp_cookie(std::string_view name, CookieOptions options) {
  options.max_age = 0;
  put_resp_cookie(name, "", std::move(options));
}

Json Conn::get_session() const {
  require_fetched(state().session_fetched);
  Json out = Json::object();
  const auto* map = state().session.get<Map>();
  if (!map) return out;
  for (const auto& entry : map->entries) {
    const auto* key = text_key(entry);
    const auto value = key ? core::etf::to_json(entry.second) : core::etf::to_json(entry.first);
    if (key && value) out[*key] = *value;
  }
  return out;
}

Json Conn::get_session(std::string_view key) const {
  require_fetched(state().session_fetched);
  const auto* map = state().session.get<Map>();
  const Term* found = map ? map->find(key) : nullptr;
  const auto value = found ? core::etf::to_json(*found) : Json(nullptr);
  return value.value_or(Json(nullptr));
}

void Conn::put_session(std::string_view key, const Json& value) {
  require_fetched(state().session_fetched);
  auto term = core::etf::from_json(value);
  if (!term) throw std::invalid_argument("session value under " + std::string(key) + ": " + term.error().message());
  auto& entries = state().session.get<Map>()->entries;
  // In key order, as Erlang writes small maps.
  const auto at = std::ranges::find_if(entries, [&](const auto& entry) { return text_key(entry) && *text_key(entry) >= key; });
  if (at != entries.end() && *text_key(*at) == key)
    at->second = std::move(*term);
  else
    entries.emplace(at, Term(key), std::move(*term));
  if (state().session_change == SessionChange::none) state().session_change = SessionChange::write;
}

void Conn::delete_session(std::string_view key) {
  require_fetched(state().session_fetched);
  std::erase_if(state().session.get<Map>()->entries, [&](const auto& entry) { return text_key(entry) && *text_key(entry) == key; });
  if (state().session_change == SessionChange::none) state().session_change = SessionChange::write;
}

void Conn::clear_session() {
  require_fetched(state().session_fetched);
  state().session = Term::empty_map();
  if (state().session_change == SessionChange::none) state().session_change = SessionChange::write;
}

void Conn::configure_session(SessionChange change) {
  require_fetched(state().session_fetched);
  state().session_change = change;
}

void Conn::fetch_session() {
  auto& own = state();
  if (own.session_fetched) return;
  if (!own.read_session) throw std::logic_error("fetch_session needs plug::session ahead");
  own.session = own.read_session(*this);
  if (!own.session.get<Map>()) own.session = Term::empty_map();
  own.session_fetched = true;
  const Json preset = std::exchange(own.test_session, {});
  for (const auto& [key, value] : preset.items()) put_session(key, value);
}

void Conn::skip_csrf_protection() { state().skips_csrf_protection = true; }
bool Conn::csrf_protection_skipped() const noexcept { return state().skips_csrf_protection; }

void Conn::init_test_session(const Json& values) {
  if (!values.is_object()) throw std::invalid_argument("init_test_session: the session is an object, got " + values.dump());
  if (state().session_fetched) throw std::logic_error("init_test_session: the session is fetched already");
  state().test_session = values;
}

void Conn::bypass_through(Bypass bypass) { state().bypass = std::move(bypass); }

const Conn::Bypass* Conn::bypass() const noexcept {
  const auto& own = state().bypass;
  return own ? &*own : nullptr;
}

bool Conn::session_fetched() const noexcept { return state().session_fetched; }
void Conn::set_session_reader(std::function<Term(const Conn&)> read) { state().read_session = std::move(read); }
const Term& Conn::session_term() const { return state().session; }
SessionChange Conn::session_change() const noexcept { return state().session_change; }

void Conn::register_before_send(std::function<void(Conn&)> hook) { state().hooks.push_back(std::move(hook)); }

void Conn::before_send() {
  if (!state_) return;
  for (auto hooks = std::exchange(state_->hooks, {}); !hooks.empty(); hooks.pop_back()) hooks.back()(*this);
  for (const auto& [name, value, options] : std::exchange(state_->resp_cookies, {}))
    prepend_resp_header("set-cookie", cookie_text(name, value, options, options.secure || scheme == "https"));
}

Conn Conn::for_error_page() const {
  Conn page;
  page.method = method;
  page.scheme = scheme;
  page.path = path;
  page.shard = shard;
  page.observer = observer;
  page.error_views = error_views;
  page.dispatched = dispatched;
  page.resp_headers = resp_headers;
  page.format = format;
  page.route = route;
  if (!state_) return page;
  page.state().path_params = state_->path_params;
  page.state().resp_cookies = state_->resp_cookies;
  page.state().hooks = state_->hooks;
  if (const auto flash = assigns.find("flash"); flash != assigns.end()) page.assigns.insert(*flash);
  if (!state_->session_fetched) return page;
  page.state().session = state_->session;
  page.state().session_fetched = true;
  page.state().session_change = state_->session_change;
  for (const auto& header : req_headers)
    if (header.first == "cookie") page.req_headers.push_back(header);  // a dropped session deletes the cookie that came
  return page;
}

void Conn::set_owner(std::weak_ptr<void> owner) { state().owner = std::move(owner); }

void Conn::resume_after(Duration time, std::coroutine_handle<> then) {
  auto owner = state().owner.lock();
  if (!owner) throw std::logic_error("only a controller's action can wait");
  shard->send_after(time, [owner = std::move(owner), then] { then.resume(); });
}

void Conn::run_blocking(std::function<void()> work, std::coroutine_handle<> then) {
  auto owner = state().owner.lock();
  if (!owner) throw std::logic_error("only a controller's action can wait");
  BlockingExecutor* executor = shard->blocking_executor();
  if (!executor) throw std::logic_error("this shard has no blocking executor");
  executor->submit([on = shard, work = std::move(work), owner = std::move(owner), then]() mutable {
    work();
    on->post([owner = std::move(owner), then] { then.resume(); });
  });
}

}  // namespace phx::server
