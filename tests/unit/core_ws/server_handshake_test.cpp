#include <gtest/gtest.h>

#include <phx/core/ws/handshake.hpp>

#include <algorithm>

#include "support/golden.hpp"

using namespace phx;
using namespace phx::core::ws;

namespace {

constexpr const char* sample_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

HeaderList good_headers() {
  return {{"host", "localhost"},
          {"upgrade", "websocket"},
          {"connection", "keep-alive, Upgrade"},
          {"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
          {"sec-websocket-version", "13"}};
}

HeaderList without(std::string_view name) {
  HeaderList headers = good_headers();
  std::erase_if(headers, [&](const auto& header) { return header.first == name; });
  return headers;
}

HeaderList with(std::string_view name, const std::string& value) {
  HeaderList headers = without(name);
  headers.emplace_back(name, value);
  return headers;
}

int strict_status(const HeaderList& headers) {
  const auto result = check_upgrade(headers, Strictness::strict);
  return result ? 101 : result.error().status;
}

std::string phoenix_body(const HeaderList& headers) {
  const auto result = check_upgrade(headers, Strictness::phoenix);
  return result ? "101" : result.error().body;
}

}  // namespace

// vector W1, RFC 6455 1.3
TEST(WsServerHandshake, W1_AcceptValue) { EXPECT_EQ(accept_value("dGhlIHNhbXBsZSBub25jZQ=="), sample_accept); }

TEST(WsServerHandshake, MakesAKeyOfSixteenBytes) {
  EXPECT_EQ(make_key("the sample nonce"), "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_THROW(make_key("short"), std::invalid_argument);
}

// golden connect/*: the exact status and text; server-behaviours C3
TEST(WsServerHandshake, AnswersLikePhoenix) {
  const std::vector<std::string> names{"no_key",       "bad_ws_version", "no_ws_version",    "no_connection_header",
                                       "upgrade_case", "no_host",        "no_upgrade_header"};
  std::size_t played = 0;
  for (const auto& c : golden::load("connect")) {
    if (std::find(names.begin(), names.end(), c.name) == names.end()) continue;
    SCOPED_TRACE(c.name);
    ++played;
    const Json& step = c.steps.front().json;
    HeaderList headers;
    for (const auto& [name, value] : step.at("request_headers").items()) headers.emplace_back(name, value.get<std::string>());
    const auto result = check_upgrade(headers, Strictness::phoenix);
    const Json& response = step.at("response");
    EXPECT_EQ(result ? 101 : result.error().status, response.at("status").get<int>());
    EXPECT_EQ(result ? "" : result.error().body, response.value("body", ""));
    if (result) { EXPECT_EQ(*result, sample_accept); }
  }
  EXPECT_EQ(played, names.size());
}

// server.md 1.3 step 9: one or more keys, any text; a list in Connection and in Upgrade.
TEST(WsServerHandshake, PhoenixIsGenerous) {
  EXPECT_EQ(phoenix_body(with("sec-websocket-key", "any text")), "101");
  EXPECT_EQ(phoenix_body(with("upgrade", "h2c, WebSocket")), "101");
  HeaderList two_keys = good_headers();
  two_keys.emplace_back("sec-websocket-key", "second");
  EXPECT_EQ(check_upgrade(two_keys, Strictness::phoenix), sample_accept);
  EXPECT_EQ(phoenix_body(with("upgrade", "web\"so\\cket")), R"('upgrade' header must contain 'websocket', got ["web\"so\\cket"])");
  EXPECT_EQ(phoenix_body(with("upgrade", "\xFF\x01")), "'upgrade' header must contain 'websocket', got [<<255, 1>>]");
}

// RFC 6455 4.2.1 and 4.2.2
TEST(WsServerHandshake, Rfc6455_4_2_1_StrictWantsEveryHeader) {
  EXPECT_EQ(strict_status(good_headers()), 101);
  for (const auto& [name, value] : good_headers()) EXPECT_EQ(strict_status(without(name)), 400) << name;
  for (const char* key :
       {"", "any text", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25jZQQ=", "dGhl HNhbXBsZSBub25jZQ=="}) {
    EXPECT_EQ(strict_status(with("sec-websocket-key", key)), 400) << key;
  }
  HeaderList two_keys = good_headers();
  two_keys.push_back({"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="});
  EXPECT_EQ(strict_status(two_keys), 400);
}

TEST(WsServerHandshake, Rfc6455_4_4_StrictNamesItsVersion) {
  const auto result = check_upgrade(with("sec-websocket-version", "8"), Strictness::strict);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().status, 426);
  EXPECT_EQ(result.error().headers, (HeaderList{{"sec-websocket-version", "13"}}));
}

TEST(WsServerHandshake, StrictRepeatsNothingOfTheRequest) {
  for (const auto& [name, value] : good_headers()) {
    const auto result = check_upgrade(with(name, "s3cret"), Strictness::strict);
    if (!result) { EXPECT_EQ(result.error().body.find("s3cret"), std::string::npos) << name; }
  }
}
