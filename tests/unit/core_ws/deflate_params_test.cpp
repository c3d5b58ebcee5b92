#include <phx/core/ws/deflate.hpp>

#include <gtest/gtest.h>

namespace phx::core::ws::test {
namespace {

std::string answered(std::string_view offers) {
  const auto answer = answer_deflate(offers);
  return answer ? answer->header : "declined";
}

// golden connect/deflate_enabled, deflate_no_context
TEST(WsDeflateAnswer, GrantsWhatWasOfferedAsBanditWritesIt) {
  EXPECT_EQ(answered("permessage-deflate; client_max_window_bits"), "permessage-deflate;client_max_window_bits=15");
  EXPECT_EQ(answered("permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; "
                     "client_max_window_bits=10"),
            "permessage-deflate;server_no_context_takeover;client_no_context_takeover;server_max_window_bits=10;client_max_window_bits=10");
  const auto answer = answer_deflate("permessage-deflate; client_max_window_bits=9 ;server_no_context_takeover");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header, "permessage-deflate;server_no_context_takeover;client_max_window_bits=9");
  EXPECT_EQ(answer->params, (DeflateParams{true, false, 15, 9}));
  EXPECT_EQ(answered("permessage-deflate"), "permessage-deflate");
}

// RFC 7692 7.1.1.2
TEST(WsDeflateAnswer, Rfc7692_7_1_1_2_MayForbidTheClientItsContext) {
  const auto answer = answer_deflate("permessage-deflate; client_max_window_bits", false);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->header, "permessage-deflate;client_no_context_takeover;client_max_window_bits=15");
  EXPECT_TRUE(answer->params.client_no_context_takeover);
  EXPECT_EQ(read_deflate_answer(answer->header, {}), answer->params);
}

// RFC 7692 7.1.2: 8 to 15, no leading zeros; RFC 6455 9.1: a value may be quoted
TEST(WsDeflateAnswer, Rfc7692_7_1_2_ReadsEveryWindowSize) {
  for (int bits = 8; bits <= 15; ++bits) {
    const auto text = std::to_string(bits);
    EXPECT_EQ(answer_deflate("permessage-deflate; server_max_window_bits=" + text)->params.server_max_window_bits, bits);
    EXPECT_EQ(answer_deflate("permessage-deflate; client_max_window_bits=\"" + text + "\"")->params.client_max_window_bits, bits);
  }
}

// golden connect/deflate_bad_param; server.md 2.1
TEST(WsDeflateAnswer, DeclinesUnknownRepeatedAndMalformedParameters) {
  for (const char* parameters :
       {"foo=1", "foo", "server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16", "server_max_window_bits=08",
        "server_max_window_bits=", "server_max_window_bits=1x", "client_max_window_bits=-9", "client_max_window_bits=100", ";",
        "server_no_context_takeover=1", "client_no_context_takeover=", "server_no_context_takeover; server_no_context_takeover",
        "client_max_window_bits; client_max_window_bits=9", "server_max_window_bits=9; server_max_window_bits=9"}) {
    EXPECT_EQ(answered(std::string("permessage-deflate; ") + parameters), "declined") << parameters;
  }
  for (const char* offers : {"", ",", "x-webkit-deflate-frame", "permessage-bzip2; client_max_window_bits", "permessage-deflate2"})
    EXPECT_EQ(answered(offers), "declined") << offers;
}

// RFC 7692 5.1: offers in the order of preference
TEST(WsDeflateAnswer, Rfc7692_5_1_TakesTheFirstAcceptableOffer) {
  EXPECT_EQ(answered("permessage-deflate; foo, permessage-deflate; server_max_window_bits=9, permessage-deflate"),
            "permessage-deflate;server_max_window_bits=9");
  EXPECT_EQ(answered("x-other; a=\"1, permessage-deflate, \\\", permessage-deflate\" , PerMessage-Deflate"), "permessage-deflate");
  EXPECT_EQ(answered("x-other; a=\"permessage-deflate"), "declined");
}

TEST(WsDeflateOffer, IsWrittenOut) {
  EXPECT_EQ(offer_text({}), "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(offer_text({.client_max_window_bits = std::nullopt}), "permessage-deflate");
  EXPECT_EQ(offer_text({true, true, 8, 9}),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; "
            "client_max_window_bits=9");
}

// RFC 7692 7.1.1, 7.1.2
TEST(WsDeflateOffer, Rfc7692_7_1_AcceptsWhatFitsTheOffer) {
  EXPECT_EQ(read_deflate_answer("permessage-deflate", {}), DeflateParams{});
  EXPECT_EQ(read_deflate_answer("permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9", {}),
            (DeflateParams{true, true, 9, 15}));
  EXPECT_EQ(read_deflate_answer("permessage-deflate;client_max_window_bits=8", {}), (DeflateParams{false, false, 15, 8}));
  EXPECT_EQ(read_deflate_answer("permessage-deflate; server_max_window_bits=9", {.server_max_window_bits = 10}),
            (DeflateParams{false, false, 9, 15}));
  EXPECT_EQ(read_deflate_answer("permessage-deflate", {.client_no_context_takeover = true, .client_max_window_bits = 9}),
            (DeflateParams{false, true, 15, 9}))
      << "what the client offered of its own, it keeps to";
}

TEST(WsDeflateOffer, Rfc7692_7_1_RefusesWhatWasNotOffered) {
  EXPECT_FALSE(read_deflate_answer("permessage-deflate; client_max_window_bits=15", {.client_max_window_bits = std::nullopt}));
  EXPECT_FALSE(read_deflate_answer("permessage-deflate; client_max_window_bits=10", {.client_max_window_bits = 9}));
  EXPECT_FALSE(read_deflate_answer("permessage-deflate; client_max_window_bits", {}));
  EXPECT_FALSE(read_deflate_answer("permessage-deflate", {.server_no_context_takeover = true}));
  EXPECT_FALSE(read_deflate_answer("permessage-deflate", {.server_max_window_bits = 10}));
  EXPECT_FALSE(read_deflate_answer("permessage-deflate; server_max_window_bits=11", {.server_max_window_bits = 10}));
  EXPECT_FALSE(read_deflate_answer("permessage-deflate; foo", {}));
  EXPECT_FALSE(read_deflate_answer("x-other", {}));
}

/// Every offer we can make is answered so that we accept it, and both sides then mean the same.
TEST(WsDeflateOffer, EveryOfferIsUnderstoodByOurServer) {
  const auto bits_of = [](int i) { return i < 8 ? std::nullopt : std::optional(static_cast<std::uint8_t>(i)); };
  for (int switches = 0; switches < 4; ++switches)
    for (int server = 7; server <= 15; ++server)
      for (int client = 7; client <= 15; ++client) {
        const DeflateOffer offer{(switches & 1) != 0, (switches & 2) != 0, bits_of(server), bits_of(client)};
        const auto answer = answer_deflate(offer_text(offer));
        ASSERT_TRUE(answer) << offer_text(offer);
        ASSERT_EQ(read_deflate_answer(answer->header, offer), answer->params) << offer_text(offer);
      }
}

}  // namespace
}  // namespace phx::core::ws::test
