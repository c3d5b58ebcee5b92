#include <phx/testing/conn_case.hpp>

#include <phx/core/client/url.hpp>

#include <algorithm>
#include <stdexcept>

#include "exchange_log.hpp"
#include "preparation.hpp"

namespace phx::testing {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view find(const HeaderList& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

/// name=value; attributes. An empty value with Max-Age=0 or a date in the past deletes.
void apply_cookie(std::string_view header, std::map<std::string, std::string>& jar) {
  const std::string_view pair = header.substr(0, header.find(';'));
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return;
  const std::string name(pair.substr(0, equals));
  const std::string attributes = lower(header.substr(pair.size()));
  if (attributes.find("max-age=0") != std::string::npos)
    jar.erase(name);
  else
    jar[name] = std::string(pair.substr(equals + 1));
}

std::string cookie_header(const std::map<std::string, std::string>& jar) {
  std::string out;
  for (const auto& [name, value] : jar) out += (out.empty() ? "" : "; ") + name + "=" + value;
  return out;
}

bool takes_query(std::string_view method) { return method == "GET" || method == "HEAD" || method == "DELETE" || method == "OPTIONS"; }

std::string encoded(const Json& params) {
  auto query = core::encode_query(params);
  if (!query) throw std::invalid_argument("params must be an object, got " + params.dump());
  return std::move(*query);
}

void add_body(const Body& body, HttpRequest& request) {
  if (const auto* text = std::get_if<std::string>(&body)) {
    if (find(request.headers, "content-type").empty())
      throw std::invalid_argument("a body of text needs a content-type: put_req_header(conn, \"content-type\", ...)");
    request.body = *text;
  } else if (const auto* params = std::get_if<Json>(&body)) {
    const std::string_view type = find(request.headers, "content-type");
    if (takes_query(request.method)) {
      const std::string query = encoded(*params);
      if (!query.empty()) request.path += (request.path.find('?') == std::string::npos ? "?" : "&") + query;
    } else if (type.starts_with("application/x-www-form-urlencoded")) {
      request.body = encoded(*params);
    } else {
      if (type.empty()) request.headers.emplace_back("content-type", "application/json");
      request.body = to_json_text(*params);
    }
  }
}

/// What a format means as a media type.
bool is_format(std::string_view content_type, std::string_view format) {
  const std::string type = lower(content_type.substr(0, content_type.find(';')));
  const std::string_view subtype = std::string_view(type).substr(std::min(type.size(), type.find('/') + 1));
  if (format == "text") return type == "text/plain";
  if (format == "js") return subtype == "javascript";
  return subtype == format || subtype.ends_with("+" + std::string(format));
}

template <class Change>
TestConn prepared(TestConn conn, Change change) {
  auto next = conn.preparation ? std::make_shared<detail::Preparation>(*conn.preparation) : std::make_shared<detail::Preparation>();
  change(*next);
  conn.preparation = std::move(next);
  return conn;
}

}  // namespace

std::string_view TestConn::req_header(std::string_view name) const { return find(req_headers, name); }
std::string_view TestConn::resp_header(std::string_view name) const { return sent ? find(sent->headers, name) : std::string_view(); }

TestConn ConnCase::put_req_header(TestConn conn, std::string_view name, std::string_view value) {
  conn = delete_req_header(ensure_recycled(std::move(conn)), name);
  conn.req_headers.emplace_back(lower(name), value);
  return conn;
}

TestConn ConnCase::delete_req_header(TestConn conn, std::string_view name) {
  conn = ensure_recycled(std::move(conn));
  std::erase_if(conn.req_headers, [key = lower(name)](const auto& header) { return header.first == key; });
  return conn;
}

TestConn ConnCase::put_req_cookie(TestConn conn, std::string name, std::string value) {
  conn = ensure_recycled(std::move(conn));
  conn.cookies[std::move(name)] = std::move(value);
  return conn;
}

TestConn ConnCase::delete_req_cookie(TestConn conn, const std::string& name) {
  conn = ensure_recycled(std::move(conn));
  conn.cookies.erase(name);
  return conn;
}

TestConn ConnCase::recycle(const TestConn& conn, const std::vector<std::string>& headers) {
  TestConn out;
  out.host = conn.host;
  out.cookies = conn.cookies;
  for (const auto& header : conn.req_headers)
    if (std::find(headers.begin(), headers.end(), header.first) != headers.end()) out.req_headers.push_back(header);
  return out;
}

TestConn ConnCase::ensure_recycled(TestConn conn) { return conn.sent || conn.seen ? recycle(conn) : conn; }

ConnCase::ConnCase() : preparations_(std::make_shared<detail::Preparations>()) {}
ConnCase::~ConnCase() {
  if (HasFailure()) write_capture();
}

void ConnCase::write_capture() {
  if (log_) log_->write();
}

Application ConnCase::served() {
  Application out = TargetCase::served();
  out.plugs = preparations_->around(out.plugs);
  return out;
}

TestConn ConnCase::init_test_session(TestConn conn, Json session) {
  return prepared(ensure_recycled(std::move(conn)), [&](detail::Preparation& p) { p.session.update(session); });
}
TestConn ConnCase::fetch_flash(TestConn conn) {
  return prepared(ensure_recycled(std::move(conn)), [](detail::Preparation& p) {
    if (!p.flash()) p.session[detail::flash_key] = Json::object();
  });
}

TestConn ConnCase::put_flash(TestConn conn, std::string_view key, Json message) {
  return prepared(ensure_recycled(std::move(conn)),
                  [&](detail::Preparation& p) { p.fetched_flash()[std::string(key)] = std::move(message); });
}

TestConn ConnCase::clear_flash(TestConn conn) {
  return prepared(ensure_recycled(std::move(conn)), [](detail::Preparation& p) { p.fetched_flash() = Json::object(); });
}

TestConn ConnCase::bypass_through(TestConn conn, server::Plug plug) {
  return bypass_through(std::move(conn), std::vector<std::string>(), std::move(plug));
}
TestConn ConnCase::bypass_through(TestConn conn, CurrentPipelines, server::Plug plug) {
  return prepared(ensure_recycled(std::move(conn)), [&](detail::Preparation& p) {
    p.bypass.emplace();
    p.plug = std::move(plug);
  });
}
TestConn ConnCase::bypass_through(TestConn conn, std::vector<std::string> pipelines, server::Plug plug) {
  return prepared(ensure_recycled(std::move(conn)), [&](detail::Preparation& p) {
    p.bypass = server::Conn::Bypass{std::move(pipelines)};
    p.plug = std::move(plug);
  });
}

TestConn ConnCase::dispatch(TestConn conn, std::string_view method, std::string_view path, const Body& body, Here here) {
  conn = ensure_recycled(std::move(conn));
  conn.method = method;
  conn.path = path;
  const bool inside = way().where != Where::url;
  if (!inside && conn.preparation && conn.preparation->needs_process())
    fail_at(here, "init_test_session, bypass_through and actions need a server of this process; " + target().name() + " is out of reach");
  HttpRequest request{.method = conn.method, .path = conn.path, .headers = conn.req_headers};
  const std::string ticket = inside ? preparations_->add(conn.preparation, conn.checks_csrf) : std::string();
  if (inside) request.headers.emplace_back(detail::Preparations::header, ticket);
  if (way().where != Where::url && find(request.headers, "host").empty()) request.headers.emplace_back("host", conn.host);
  if (!conn.cookies.empty()) request.headers.emplace_back("cookie", cookie_header(conn.cookies));
  add_body(body, request);
  if (!log_) log_ = std::make_unique<detail::ExchangeLog>(target());
  log_->sent(request);
  auto answer = target().request(request);
  log_->received(request, answer);
  if (!answer) fail_at(here, conn.method + " " + conn.path + " at " + target().name() + ": " + answer.error());
  for (const auto& [name, value] : answer->headers)
    if (name == "set-cookie") apply_cookie(value, conn.cookies);
  auto outcome = preparations_->take(ticket);
  conn.seen = std::move(outcome.seen);
  if (!outcome.unsent) conn.sent = std::move(*answer);
  return conn;
}

TestConn ConnCase::dispatch(TestConn conn, std::string_view method, server::Action action, const Body& body, Here here) {
  conn = prepared(ensure_recycled(std::move(conn)), [&](detail::Preparation& p) { p.action = std::move(action); });
  return dispatch(std::move(conn), method, "/", body, here);
}

TestConn ConnCase::build_conn(std::string_view method, std::string_view path, const Body& body, Here here) {
  return dispatch(build_conn(), method, path, body, here);
}

TestConn ConnCase::get(TestConn conn, std::string_view path, const Body& body, Here here) {
  return dispatch(std::move(conn), "GET", path, body, here);
}
TestConn ConnCase::post(TestConn conn, std::string_view path, const Body& body, Here here) {
  return dispatch(std::move(conn), "POST", path, body, here);
}
TestConn ConnCase::put(TestConn conn, std::string_view path, const Body& body, Here here) {
  return dispatch(std::move(conn), "PUT", path, body, here);
}
TestConn ConnCase::patch(TestConn conn, std::string_view path, const Body& body, Here here) {
  return dispatch(std::move(conn), "PATCH", path, body, here);
}
TestConn ConnCase::delete_(TestConn conn, std::string_view path, const Body& body, Here here) {
  return dispatch(std::move(conn), "DELETE", path, body, here);
}
TestConn ConnCase::options(TestConn conn, std::string_view path, const Body& body, Here here) {
  return dispatch(std::move(conn), "OPTIONS", path, body, here);
}
TestConn ConnCase::head(TestConn conn, std::string_view path, const Body& body, Here here) {
  return dispatch(std::move(conn), "HEAD", path, body, here);
}
TestConn ConnCase::trace(TestConn conn, std::string_view path, const Body& body, Here here) {
  return dispatch(std::move(conn), "TRACE", path, body, here);
}

std::string ConnCase::response(const TestConn& conn, int status, Here here) {
  if (!conn.sent) fail_at(here, "expected connection to have a response but no response was set or sent");
  if (conn.sent->status != status) {
    fail_at(here, "expected response with status " + std::to_string(status) + ", got: " + std::to_string(conn.sent->status) +
                      ", with body:\n" + conn.sent->body + "\n(" + conn.method + " " + conn.path + ")");
  }
  return conn.sent->body;
}

std::string ConnCase::response_content_type(const TestConn& conn, std::string_view format, Here here) {
  if (!conn.sent) fail_at(here, "expected connection to have a response but no response was set or sent");
  const std::string_view type = conn.resp_header("content-type");
  if (type.empty()) fail_at(here, "no content-type was set, expected a " + std::string(format) + " response");
  if (!is_format(type, format)) fail_at(here, "expected content-type for " + std::string(format) + ", got: \"" + std::string(type) + "\"");
  return std::string(type);
}

std::string ConnCase::html_response(const TestConn& conn, int status, Here here) {
  std::string body = response(conn, status, here);
  response_content_type(conn, "html", here);
  return body;
}

std::string ConnCase::text_response(const TestConn& conn, int status, Here here) {
  std::string body = response(conn, status, here);
  response_content_type(conn, "text", here);
  return body;
}

Json ConnCase::json_response(const TestConn& conn, int status, Here here) {
  const std::string body = response(conn, status, here);
  response_content_type(conn, "json", here);
  auto json = parse_json(body);
  if (!json) fail_at(here, "could not decode JSON body, " + json.error().message() + ":\n" + body);
  return std::move(*json);
}

std::string ConnCase::redirected_to(const TestConn& conn, int status, Here here) {
  if (!conn.sent || conn.sent->status != status) {
    fail_at(here, "expected redirection with status " + std::to_string(status) +
                      ", got: " + (conn.sent ? std::to_string(conn.sent->status) + ", with body:\n" + conn.sent->body : "no response"));
  }
  const std::string_view location = conn.resp_header("location");
  if (location.empty()) fail_at(here, "no location header was set on redirected_to");
  return std::string(location);
}

Json ConnCase::path_params(const TestConn& conn, std::string_view path, Here here) {
  const TestConn looked = dispatch(bypass_through(recycle(conn)), "GET", path, {}, here);
  if (!looked.seen || looked.seen->route.empty()) fail_at(here, "no route found for GET " + std::string(path));
  return looked.seen->path_params;
}

Json ConnCase::redirected_params(const TestConn& conn, int status, Here here) {
  std::string path = redirected_to(conn, status, here);
  if (const auto scheme = path.find("://"); scheme != std::string::npos) path.erase(0, path.find('/', scheme + 3));
  return path_params(conn, path.empty() ? "/" : path, here);
}

Json ConnCase::get_session(const TestConn& conn, Here here) {
  if (!conn.seen || conn.seen->session.is_null())
    fail_at(here, "session not fetched, call plug::fetch_session (or nothing was dispatched)");
  return conn.seen->session;
}

Json ConnCase::get_session(const TestConn& conn, std::string_view key, Here here) {
  return get_session(conn, here).value(std::string(key), Json());
}

Json ConnCase::get_flash(const TestConn& conn, Here here) {
  const Json* flash = conn.seen ? &conn.seen->flash : conn.preparation ? conn.preparation->flash() : nullptr;
  if (!flash || flash->is_null()) fail_at(here, "flash not fetched, call fetch_flash (or plug::fetch_flash in the pipeline)");
  return *flash;
}

Json ConnCase::get_flash(const TestConn& conn, std::string_view key, Here here) {
  return get_flash(conn, here).value(std::string(key), Json());
}

TestConn ConnCase::assert_error_sent(int status, const std::function<TestConn()>& request, Here here) {
  TestConn conn = request();
  if (!conn.sent || conn.sent->status != status) {
    fail_at(here, "expected error to be sent with status " + std::to_string(status) + ", but " +
                      (conn.sent ? "response sent has status " + std::to_string(conn.sent->status) : "nothing was sent"));
  }
  const bool raised = !conn.seen || !conn.seen->raised.empty() || (status == 404 && conn.seen->route.empty());
  if (!raised) fail_at(here, "expected error to be sent with status " + std::to_string(status) + ", but it was sent without one raised");
  return conn;
}

}  // namespace phx::testing
