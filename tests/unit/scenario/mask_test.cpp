#include <phx/scenario/mask.hpp>

#include <gtest/gtest.h>

namespace phx::scenario {
namespace {

TEST(Mask, TakesValuesUnderSecretNames) {
  EXPECT_EQ(mask_text(R"({"user":"ada","token":"abc","n":1})"), R"({"user":"ada","token":"[FILTERED]","n":1})");
  EXPECT_EQ(mask_text(R"({"accessToken" : {"a":[1,"}"]}, "x":2})"), R"({"accessToken" : "[FILTERED]", "x":2})");
  EXPECT_EQ(mask_text(R"({"pass\u0077ord":17})"), R"({"pass\u0077ord":"[FILTERED]"})");
  EXPECT_EQ(mask_text(R"({"password":[1,2]})"), R"({"password":"[FILTERED]"})");
}

TEST(Mask, KeepsEveryOtherByte) {
  for (const char* text :
       {R"( ["1", "2","room:a" ,"new_msg",{"z":1.50,"a":[true,null,"a,b:{c"],"é":"\u00e9"}] )", R"("token")", "[]", "7", "", "no json"})
    EXPECT_EQ(mask_text(text), text);
}

TEST(Mask, LooksIntoFramesOfBothSerializers) {
  EXPECT_EQ(mask_text(R"(["1","1","room:a","phx_join",{"token":"t"}])"), R"(["1","1","room:a","phx_join",{"token":"[FILTERED]"}])");
  EXPECT_EQ(mask_text(R"({"topic":"t","event":"phx_join","ref":"1","payload":{"secret_key":1}})"),
            R"({"topic":"t","event":"phx_join","ref":"1","payload":{"secret_key":"[FILTERED]"}})");
}

TEST(Mask, FindsPhoenixTokensWhereverTheyStand) {
  EXPECT_EQ(mask_text(R"({"SFMyNTY.g2gDYQFuBg.abc_-9":1,"who":"SFMyNTY.g2gD.x"})"), R"({"[FILTERED]":1,"who":"[FILTERED]"})");
  EXPECT_EQ(mask_text("binary \x01 SFMyNTY.aa.bb end"), "binary \x01 [FILTERED] end");
}

TEST(Mask, LooksIntoJsonInsideOfStringsAndIntoLines) {
  EXPECT_EQ(mask_text(R"({"messages":["[null,null,\"t\",\"e\",{\"token\":\"x\"}]"]})"),
            R"({"messages":["[null,null,\"t\",\"e\",{\"token\":\"[FILTERED]\"}]"]})");
  EXPECT_EQ(mask_text("{\"token\":1}\n{\"a\":2}\nrest"), "{\"token\":\"[FILTERED]\"}\n{\"a\":2}\nrest");
}

TEST(Mask, TakesQueriesUrlsAndHeaders) {
  EXPECT_EQ(mask_url("ws://h:1/socket/websocket?vsn=2.0.0&token=a%20b&user=ada"),
            "ws://h:1/socket/websocket?vsn=2.0.0&token=[FILTERED]&user=ada");
  EXPECT_EQ(mask_url("/socket/longpoll?to%6ben=x&flag"), "/socket/longpoll?to%6ben=[FILTERED]&flag");
  EXPECT_EQ(mask_url("wss://ada:pw@h/x"), "wss://[FILTERED]@h/x");
  EXPECT_EQ(mask_header("Authorization", "Bearer abc"), masked_text);
  EXPECT_EQ(mask_header("set-cookie", "_app_key=abc"), masked_text);
  EXPECT_EQ(mask_header("sec-websocket-protocol", "phoenix, base64url.bearer.phx.YWJj"), "phoenix, [FILTERED]");
  EXPECT_EQ(mask_header("accept", "text/html"), "text/html");
}

}  // namespace
}  // namespace phx::scenario
