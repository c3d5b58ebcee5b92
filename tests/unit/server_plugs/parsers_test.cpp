// server-behaviours C4 to C9, C11; server.md 11.2.
#include <gtest/gtest.h>

#include "site.hpp"

namespace phx::server::test {
namespace {

Site site(plug::ParserOptions options = {}) {
  Router router;
  router.match("*", "/*path", [](Conn& conn) { return ActionResult(json(conn, obj("m", conn.method, "b", conn.body_params()))); });
  return Site({plug::parsers(std::move(options)), plug::method_override(), plug::head(), router.plug()});
}

Json body_of(const Reply& reply) { return reply.json().at("b"); }

TEST(Parsers, Json) {  // C4
  EXPECT_EQ(body_of(site().post("/", "application/json", R"({"a":[1]})")), obj("a", Json{1}));
  EXPECT_EQ(body_of(site().post("/", "application/vnd.api+json; charset=utf-8", "[1]")), obj("_json", Json{1}));
  EXPECT_EQ(body_of(site().post("/", "APPLICATION/JSON", "7")), obj("_json", 7));
  EXPECT_EQ(body_of(site().post("/", "application/json", "")), obj());
  for (const auto* bad : {"{", "\"\xff\"", "nul", "{} x"}) EXPECT_EQ(site().post("/", "application/json", bad).status, 400) << bad;
}

TEST(Parsers, RefusesDepthBeyondTheLimit) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(site().post("/", "application/json", nested(1'000)).status, 200);
  EXPECT_EQ(site().post("/", "application/json", nested(1'001)).status, 400);
  EXPECT_EQ(site().post("/", "application/json", nested(200'000)).status, 400);
}

TEST(Parsers, OtherTypesPassOrAre415) {  // C5
  EXPECT_EQ(site({.pass = {"text/plain"}}).post("/", "text/plain", "x").status, 200);
  EXPECT_EQ(site({.pass = {"text/*"}}).post("/", "text/csv", "x").status, 200);
  EXPECT_EQ(site().post("/", "odd/type", "x").status, 200);
  EXPECT_EQ(site({.pass = {"text/*"}}).post("/", "odd/type", "x").status, 415);
  EXPECT_EQ(site().post("/", "nonsense", "x").status, 415);
  EXPECT_EQ(site().request("POST", "/", {}, "x").status, 200) << "no type: {}";
}

TEST(Parsers, LimitsBodiesAndQueries) {  // C6, C7
  EXPECT_EQ(site({.length = 9}).post("/", "application/json", "{\"a\":\"x\"}").status, 200);
  EXPECT_EQ(site({.length = 8}).post("/", "application/json", "{\"a\":\"x\"}").status, 413);
  EXPECT_EQ(site({.urlencoded_length = 2}).post("/", "application/x-www-form-urlencoded", "a=1").status, 413);
  EXPECT_EQ(site({.length = 10}).post("/", "multipart/form-data; boundary=X", "--X--            ").status, 413);
  EXPECT_EQ(site({.query_length = 3}).get("/?a=12").status, 414);
}

TEST(Parsers, LimitsPartsTheirHeadsAndTheDepthOfTheirNames) {  // design.md 7
  const auto part = [](const std::string& name) { return "--X\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n1\r\n"; };
  const auto status = [&](const std::string& parts, plug::ParserOptions options = {}) {
    return site(std::move(options)).post("/", "multipart/form-data; boundary=X", parts + "--X--\r\n").status;
  };
  EXPECT_EQ(status(part("a") + part("b"), {.multipart_parts = 2}), 200);
  EXPECT_EQ(status(part("a") + part("b") + part("c"), {.multipart_parts = 2}), 400);
  EXPECT_EQ(status(part(std::string(17'000, 'n'))), 400);
  std::string deep = "a";
  for (int i = 0; i < 200; ++i) deep += "[x]";
  EXPECT_EQ(status(part(deep)), 400);
  EXPECT_EQ(site().post("/", "multipart/form-data; boundary=" + std::string(201, 'X'), "x").status, 400);
}

TEST(Parsers, RefusesInvalidUtf8) {  // C7
  EXPECT_EQ(site().get("/?a=%ff").status, 400);
  EXPECT_EQ(site().post("/", "application/x-www-form-urlencoded", "a=%ff").status, 400);
  EXPECT_EQ(
      site().post("/", "multipart/form-data; boundary=X", "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--X--").status,
      400);
}

TEST(Parsers, BodiesOfGetAreIgnored) {  // C8
  EXPECT_EQ(body_of(site().request("GET", "/", {{"content-type", "application/json"}}, "{\"a\":1}")), obj());
}

TEST(Parsers, MultipartHasFieldsAndUploads) {
  Router router;
  router.post("/", [](Conn& conn) {
    const auto& file = conn.uploads().at(0);
    return ActionResult(json(conn, obj("params", conn.params(), "file", Json{file.name, file.filename, file.content_type, file.body})));
  });
  const auto reply = Site({plug::parsers(), router.plug()})
                         .post("/", "multipart/form-data; boundary=\"x y\"",
                               "--x y\r\nContent-Disposition: form-data; name=\"user[name]\"\r\n\r\nada\r\n"
                               "--x y\r\nContent-Disposition: form-data; name=\"user[pic]\"; filename=\"a.png\"\r\nContent-Type: "
                               "image/png\r\n\r\n\x89PNG\r\n"
                               "--x y\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n--x y--\r\n");
  EXPECT_EQ(reply.status, 500) << "bytes have no JSON form";
  const auto text =
      Site({plug::parsers(), router.plug()})
          .post(
              "/", "multipart/form-data; boundary=X",
              "--X\r\nContent-Disposition: form-data; name=\"user[name]\"\r\n\r\nada\r\n"
              "--X\r\nContent-Disposition: form-data; name=\"pic\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nhi\r\n--X--\r\n");
  EXPECT_EQ(text.json(), obj("params", obj("user", obj("name", "ada")), "file", Json{"pic", "a.txt", "text/plain", "hi"}));
}

TEST(Parsers, MethodOverrideIsForPostsWithABodyParam) {  // C11
  const auto method = [](const Reply& reply) { return reply.json().at("m").get<std::string>(); };
  EXPECT_EQ(method(site().post("/", "application/x-www-form-urlencoded", "_method=PuT")), "PUT");
  EXPECT_EQ(method(site().post("/", "application/json", R"({"_method":"delete"})")), "DELETE");
  EXPECT_EQ(method(site().post("/", "application/json", R"({"_method":["delete"]})")), "POST");
  EXPECT_EQ(method(site().post("/", "application/json", R"({"_method":"trace"})")), "POST");
  EXPECT_EQ(method(site().post("/?_method=delete", "application/json", "{}")), "POST");
  EXPECT_EQ(method(site().request("PUT", "/", {{"content-type", "application/json"}}, R"({"_method":"delete"})")), "PUT");
}

}  // namespace
}  // namespace phx::server::test
