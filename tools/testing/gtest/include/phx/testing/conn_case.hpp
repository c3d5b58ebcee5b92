#pragma once

#include <functional>
#include <map>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <variant>

#include <phx/testing/way.hpp>

namespace phx::testing {

using Here = std::source_location;

/// A request as it is prepared, and its answer once it was sent: Phoenix's conn in tests. A value.
struct TestConn {
  std::string method = "GET", path = "/", host = "www.example.com";
  HeaderList req_headers;                      ///< names in lower case
  std::map<std::string, std::string> cookies;  ///< what the client keeps: those of requests, as answers changed them
  std::optional<HttpResponse> sent;            ///< the answer

  std::string_view req_header(std::string_view name) const;   ///< empty: none
  std::string_view resp_header(std::string_view name) const;  ///< empty: none
};

/// Nothing; text, which needs a content-type header; or params: the query of GET, HEAD and DELETE, else a JSON body (a form where the
/// content-type says so).
using Body = std::variant<std::monostate, std::string, Json>;

/// Phoenix.ConnTest for every server (server.md 16). Requests go through the whole endpoint; cookies, `accept`, `accept-language`
/// and `authorization` are carried over to the next request of the same conn (recycling), everything else is dropped.
///
///     TEST_F(RoomApiTest, ListsRooms) {
///       auto conn = get(put_req_header(build_conn(), "accept", "application/json"), "/api/rooms");
///       EXPECT_EQ(json_response(conn, 200)["data"], Json::array());
///     }
class ConnCase : public TargetCase {
 protected:
  static TestConn build_conn() { return {}; }

  static TestConn put_req_header(TestConn conn, std::string_view name, std::string_view value);
  static TestConn delete_req_header(TestConn conn, std::string_view name);
  static TestConn put_req_cookie(TestConn conn, std::string name, std::string value);
  static TestConn delete_req_cookie(TestConn conn, const std::string& name);
  /// A new request of the same client: host, cookies, and the headers named.
  static TestConn recycle(const TestConn& conn, const std::vector<std::string>& headers = {"accept", "accept-language", "authorization"});
  /// recycle() if it was sent, else as it is.
  static TestConn ensure_recycled(TestConn conn);

  TestConn dispatch(TestConn conn, std::string_view method, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn get(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn post(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn put(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn patch(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn delete_(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn options(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());
  TestConn head(TestConn conn, std::string_view path, const Body& body = {}, Here here = Here::current());

  /// The body; another status, or nothing sent, ends the test.
  static std::string response(const TestConn& conn, int status, Here here = Here::current());
  static std::string html_response(const TestConn& conn, int status, Here here = Here::current());
  static std::string text_response(const TestConn& conn, int status, Here here = Here::current());
  static Json json_response(const TestConn& conn, int status, Here here = Here::current());
  /// The content-type, if it is one of "html", "json" (also +json), "text", "xml", "csv", "js", "css".
  static std::string response_content_type(const TestConn& conn, std::string_view format, Here here = Here::current());
  /// The location header.
  static std::string redirected_to(const TestConn& conn, int status = 302, Here here = Here::current());
  /// `request` must be answered with an error page of this status: assert_error_sent(404, [&] { return get(conn, "/nowhere"); }).
  static TestConn assert_error_sent(int status, const std::function<TestConn()>& request, Here here = Here::current());
};

}  // namespace phx::testing
