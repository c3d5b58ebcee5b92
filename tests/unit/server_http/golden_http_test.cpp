// The parts of golden http_rest that belong to the connection machine: header sets, limits, chunked, 100-continue, error formats.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include <phx/core/json.hpp>

#include "peer.hpp"
#include "support/golden.hpp"

namespace phx::server::test {
namespace {

/// The routes of FIXTURE.md that these cases need.
Conn routes(Conn conn) {
  conn.put_resp_header("x-request-id", "<request-id>");
  const auto json = [&](int status, std::string body) {
    conn.prepend_resp_header("content-type", "application/json; charset=utf-8");
    conn.send_resp(status, std::move(body));
  };
  const bool get = conn.method == "GET" || conn.method == "HEAD";
  if (get && conn.path_info == std::vector<std::string>{"api", "v1", "ping"}) json(200, R"({"pong":true})");
  if (conn.method == "POST" && conn.path == "/api/v1/echo") json(200, conn.body);
  if (conn.method == "DELETE" && conn.path == "/api/v1/items/1") conn.send_resp(204);
  return conn;
}

std::string request_text(const golden::Exchange& exchange) {
  std::string out = exchange.method + " " + exchange.path + " HTTP/1.1\r\n";
  for (const auto& [name, value] : exchange.request.at("headers").items())
    if (name != "note") out += name + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + "\r\n";
  return out + "\r\n" + exchange.body;
}

std::string answer_text(const Json& answer) {
  std::string out =
      answer.value("http", "HTTP/1.1") + " " + answer.at("status").dump() + " " + answer.at("reason").get<std::string>() + "\r\n";
  for (const auto& header : answer.at("headers")) out += header.at(0).get<std::string>() + ": " + header.at(1).get<std::string>() + "\r\n";
  return out + "\r\n" + answer.value("body", "");
}

TEST(GoldenHttp, AnswersAsRecorded) {
  const std::set<std::string> wanted{
      "ping",          "ping_keepalive",  "head",     "double_slash", "not_found",  "not_found_no_accept", "no_content",     "wrong_method",
      "not_found_any", "chunked_request", "long_uri", "long_header",  "bad_method", "many_headers",        "expect_continue"};
  std::size_t played = 0;
  for (const auto& test_case : golden::load("http_rest")) {
    if (!wanted.contains(test_case.name)) continue;
    ++played;
    SCOPED_TRACE(test_case.name);
    const auto& exchange = test_case.exchanges.at(0);
    for (const bool slowly : {false, true}) {
      Peer peer({routes});
      const auto request = request_text(exchange);
      slowly ? peer.send_slowly(request) : peer.send(request);
      auto expected = answer_text(exchange.response);
      // A body that comes together with its head needs no 100 Continue.
      if (slowly && exchange.json.contains("interim")) expected = answer_text(exchange.json.at("interim")) + expected;
      EXPECT_EQ(peer.take(), expected);
      EXPECT_EQ(peer.core().finished(), exchange.response.at("headers").at(0).at(0) == "connection");
    }
  }
  EXPECT_EQ(played, wanted.size());
}

}  // namespace
}  // namespace phx::server::test
