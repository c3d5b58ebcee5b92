#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <phx/server/controller.hpp>
#include <phx/testing/way.hpp>

namespace phx::testing {

using Here = std::source_location;

namespace detail {
class ExchangeLog;
struct Preparation;
class Preparations;
}  // namespace detail

/// What the server of this process saw of a request when it answered.
struct SeenConn {
  Json params = Json::object(), path_params = Json::object();
  Json session;        ///< null: not fetched
  Json flash;          ///< null: not fetched
  std::string route;   ///< "/items/:id"; empty: none matched
  std::string raised;  ///< what() of the exception that was answered with an error page
};

/// A request as it is prepared, and its answer once it was sent: Phoenix's conn in tests. A value.
struct TestConn {
  std::string method = "GET", path = "/", host = "www.example.com";
  HeaderList req_headers;                      ///< names in lower case
  std::map<std::string, std::string> cookies;  ///< what the client keeps: those of requests, as answers changed them
  std::optional<HttpResponse> sent;            ///< the answer; none for a request that ended ahead of its action
  std::optional<SeenConn> seen;                ///< nothing at a URL, and for what failed before the router
  bool checks_csrf = false;                    ///< true: protect_from_forgery does its work

  /// What the server of this process is asked beside the request.
  std::shared_ptr<const detail::Preparation> preparation;

  std::string_view req_header(std::string_view name) const;   ///< empty: none
  std::string_view resp_header(std::string_view name) const;  ///< empty: none
};

/// Nothing; text, which needs a content-type header; or params: the query of GET, HEAD and DELETE, else a JSON body (a form where the
/// content-type says so).
using Body = std::variant<std::monostate, std::string, Json>;

/// The pipelines of the route that matches.
struct CurrentPipelines {};
inline constexpr CurrentPipelines current_pipelines{};

/// Phoenix.ConnTest for every server (server.md 16). Requests go through the whole endpoint; cookies, `accept`, `accept-language`
/// and `authorization` are carried over to the next request of the same conn (recycling), everything else is dropped.
///
///     TEST_F(RoomApiTest, ListsRooms) {
///       auto conn = get(put_req_header(build_conn(), "accept", "application/json"), "/api/rooms");
///       EXPECT_EQ(json_response(conn, 200)["data"], Json::array());
///     }
///
/// A test that failed leaves a capture of its requests and answers: SUITE.TEST.http.ndjson, where ChannelCase puts its own.
/// What has to be done inside the server (init_test_session, bypass_through, actions) needs one of this process.
class ConnCase : public virtual TargetCase {
 protected:
  ConnCase();
  ~ConnCase() override;
  Application served() override;

  static TestConn build_conn() { return {}; }
  /// Dispatched at once.
  TestConn build_conn(std::string_view method, std::string_view path, const Body& body = {}, Here here = Here::current());

  static TestConn put_req_header(TestConn conn, std::string_view name, std::string_view value);
  static TestConn delete_req_header(TestConn conn, std::string_view name);
  static TestConn put_req_cookie(TestConn conn, std::string name, std::string value);
  static TestConn delete_req_cookie(TestConn conn, const std::string& name);
  /// An object: what fetch_session finds in the next request, over what its cookie holds.
  static TestConn init_test_session(TestConn conn, Json session);
  /// The flash that the next request finds; put_flash and clear_flash throw std::logic_error before fetch_flash, as the server's do.
  static TestConn fetch_flash(TestConn conn);
  static TestConn put_flash(TestConn conn, std::string_view key, Json message);
  static TestConn clear_flash(TestConn conn);
  /// The next request runs the endpoint and these pipelines, but not the action; its route must exist. `plug`, if given, follows: it is
  /// under test. Nothing is sent unless a plug did.
  static TestConn bypass_through(TestConn conn, server::Plug plug = {});
  static TestConn bypass_through(TestConn conn, CurrentPipelines, server::Plug plug = {});
  static TestConn bypass_through(TestConn conn, std::vector<std::string> pipelines, server::Plug plug = {});
  /// A new request of the same client: host, cookies, and the headers named.
  static TestConn recycle(const TestConn& conn, const std::vector<std::string>& headers = {"accept", "accept-language", "authorization"});
  /// recycle() if it was sent, else as it is.
  static TestConn ensure_recycled(TestConn conn);

  /// Any method, "PURGE" too. There is no connect(): HTTP's CONNECT names a host and no path, so it reaches no route.
  TestConn dispatch(TestConn conn, std::string_view method, std::string_view path, const Body& body = {}, Here here = Here::current());
  /// A controller's action alone, with path "/" and the params given.
  TestConn dispatch(TestConn conn, std::string_view method, server::Action action, const Body& body = {}, Here here = Here::current());
  TestConn get(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn post(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn put(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn patch(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn delete_(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn options(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn head(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn trace(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn get(TestConn conn, server::Action action, const Body& params = {}, Here here = Here::current()) {
    return dispatch(std::move(conn), "GET", std::move(action), params, here);
  }
  TestConn post(TestConn conn, server::Action action, const Body& params = {}, Here here = Here::current()) {
    return dispatch(std::move(conn), "POST", std::move(action), params, here);
  }
  TestConn put(TestConn conn, server::Action action, const Body& params = {}, Here here = Here::current()) {
    return dispatch(std::move(conn), "PUT", std::move(action), params, here);
  }
  TestConn patch(TestConn conn, server::Action action, const Body& params = {}, Here here = Here::current()) {
    return dispatch(std::move(conn), "PATCH", std::move(action), params, here);
  }
  TestConn delete_(TestConn conn, server::Action action, const Body& params = {}, Here here = Here::current()) {
    return dispatch(std::move(conn), "DELETE", std::move(action), params, here);
  }
  TestConn options(TestConn conn, server::Action action, const Body& params = {}, Here here = Here::current()) {
    return dispatch(std::move(conn), "OPTIONS", std::move(action), params, here);
  }
  TestConn head(TestConn conn, server::Action action, const Body& params = {}, Here here = Here::current()) {
    return dispatch(std::move(conn), "HEAD", std::move(action), params, here);
  }
  TestConn trace(TestConn conn, server::Action action, const Body& params = {}, Here here = Here::current()) {
    return dispatch(std::move(conn), "TRACE", std::move(action), params, here);
  }

  /// The body; another status, or nothing sent, ends the test.
  static std::string response(const TestConn& conn, int status, Here here = Here::current());
  static std::string html_response(const TestConn& conn, int status, Here here = Here::current());
  static std::string text_response(const TestConn& conn, int status, Here here = Here::current());
  static Json json_response(const TestConn& conn, int status, Here here = Here::current());
  /// The content-type, if it is one of "html", "json" (also +json), "text", "xml", "csv", "js", "css".
  static std::string response_content_type(const TestConn& conn, std::string_view format, Here here = Here::current());
  /// The location header.
  static std::string redirected_to(const TestConn& conn, int status = 302, Here here = Here::current());
  /// The path params of the route that GET of this path has; no route ends the test.
  Json path_params(const TestConn& conn, std::string_view path, Here here = Here::current());
  /// Those of redirected_to().
  Json redirected_params(const TestConn& conn, int status = 302, Here here = Here::current());
  /// What the session held when the request was answered; one that was not fetched ends the test.
  static Json get_session(const TestConn& conn, Here here = Here::current());
  static Json get_session(const TestConn& conn, std::string_view key, Here here = Here::current());  ///< null: none
  /// What the flash held when the request was answered, or holds for the next one; one that was not fetched ends the test.
  static Json get_flash(const TestConn& conn, Here here = Here::current());
  static Json get_flash(const TestConn& conn, std::string_view key, Here here = Here::current());  ///< null: none
  /// `request` must raise, and be answered with an error page of this status: assert_error_sent(404, [&] { return get(conn, "/nowhere"); }).
  static TestConn assert_error_sent(int status, const std::function<TestConn()>& request, Here here = Here::current());

  /// What passed so far goes to the file of the test's capture, as when it fails.
  void write_capture();

 private:
  std::shared_ptr<detail::Preparations> preparations_;
  std::unique_ptr<detail::ExchangeLog> log_;
};

}  // namespace phx::testing
