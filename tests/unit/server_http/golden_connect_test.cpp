// Every upgrade answer of golden connect: status line, headers in their order, body; fed whole and byte by byte.
#include <gtest/gtest.h>

#include <phx/core/json.hpp>

#include "peer.hpp"
#include "support/golden.hpp"

namespace phx::server::test {
namespace {

Conn request_id(Conn conn) {
  conn.put_resp_header("x-request-id", "<request-id>");
  return conn;
}

std::string request_text(const std::string& method, std::string path, const Json& headers, const Json& test_case) {
  if (const auto at = path.find("<token:1>"); at != std::string::npos)
    path.replace(at, 9, test_case.at("tokens").at("token:1").contains("signed_at") ? "expired" : "valid");
  std::string out = method + " " + path + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers.items())
    out += name + ": " + (value.is_string() ? value.get<std::string>() : value.dump()) + "\r\n";
  return out + "\r\n";
}

std::string answer_text(const Json& response) {
  std::string out =
      response.value("http", "HTTP/1.1") + " " + response.at("status").dump() + " " + response.at("reason").get<std::string>() + "\r\n";
  for (const auto& header : response.at("headers"))
    out += header.at(0).get<std::string>() + ": " + header.at(1).get<std::string>() + "\r\n";
  return out + "\r\n" + response.value("body", "");
}

void expect_answer(const std::string& request, const Json& response) {
  for (const bool slowly : {false, true}) {
    SCOPED_TRACE(slowly ? "byte by byte" : "whole");
    Peer peer({socket_plug(fixture_mounts(std::make_shared<Log>()), fixture_defaults()), request_id});
    slowly ? peer.send_slowly(request) : peer.send(request);
    EXPECT_EQ(peer.take(), answer_text(response));
  }
}

TEST(GoldenConnect, AnswersAsRecorded) {
  const auto cases = golden::load("connect");
  ASSERT_GE(cases.size(), 42u);
  for (const auto& test_case : cases) {
    SCOPED_TRACE(test_case.name);
    for (const auto& step : test_case.steps)
      if (step.kind == golden::Step::Kind::connect)
        expect_answer(request_text("GET", step.json.at("path"), step.json.at("request_headers"), test_case.json), step.json.at("response"));
    for (const auto& exchange : test_case.exchanges)
      expect_answer(request_text(exchange.method, exchange.path, exchange.request.at("headers"), test_case.json), exchange.response);
  }
}

}  // namespace
}  // namespace phx::server::test
