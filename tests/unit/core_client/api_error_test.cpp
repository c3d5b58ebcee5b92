// What a Phoenix API says when it refuses, its CSRF token and its links. Shapes: golden http_rest, Ecto.Changeset.traverse_errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/core/client/api_error.hpp>

namespace phx::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(ClientApiError, ErrorJson) {  // golden http_rest: not_found
  const auto error = parse_api_error(404, R"({"errors":{"detail":"Not Found"}})");
  EXPECT_EQ(error, (ApiError{.status = 404, .detail = "Not Found"}));
  EXPECT_EQ(error.message(), "HTTP 404: Not Found");
  EXPECT_EQ(parse_api_error(400, R"({"error":"no"})").detail, "no");
}

TEST(ClientApiError, ChangesetErrorsByField) {
  const auto error = parse_api_error(422, R"({"errors":{"title":["can't be blank","is odd"],"author":{"name":["is too long"]},
                                             "items":[{},{"price":["must be positive"]}],"detail":["is not a string here"]}})");
  EXPECT_THAT(error.fields,
              ElementsAre(Pair("author.name", "is too long"), Pair("detail", "is not a string here"),
                          Pair("items.1.price", "must be positive"), Pair("title", "can't be blank"), Pair("title", "is odd")));
  EXPECT_EQ(error.field("title"), "can't be blank");
  EXPECT_EQ(error.field("body"), "");
  EXPECT_EQ(parse_api_error(422, R"({"errors":{"a":["is b"],"c":["is d"]}})").message(), "HTTP 422: a is b; c is d");
}

TEST(ClientApiError, WhateverElseComesIsAStatus) {
  for (const auto* body :
       {"", "<html>", "[]", "null", R"({"errors":7})", R"({"errors":null})", R"({"error":{}})", R"({"errors":{"a":1}})"}) {
    const auto error = parse_api_error(500, body);
    EXPECT_EQ(error, ApiError{.status = 500}) << body;
    EXPECT_EQ(error.message(), "HTTP 500");
  }
}

TEST(ClientApiError, Limits) {
  std::string many = R"({"errors":{"a":["x")", deep = R"("x")";
  for (int n = 0; n < 2000; ++n) many += R"(,"x")";
  EXPECT_EQ(parse_api_error(422, many + "]}}").fields.size(), 1000u);
  for (int n = 0; n < 100; ++n) deep = R"({"a":)" + deep + "}";
  EXPECT_THAT(parse_api_error(422, R"({"errors":)" + deep + "}").fields, IsEmpty());
}

TEST(ClientCsrf, IsFoundAsPhoenixWritesIt) {  // golden FIXTURE: /counter
  EXPECT_EQ(find_csrf_token(R"(<head><meta charset="utf-8"><meta name="csrf-token" content="AbC-_1"></head>)"), "AbC-_1");
  EXPECT_EQ(find_csrf_token("<META  content='t'\n name = csrf-token />"), "t");
  EXPECT_EQ(find_csrf_token(R"(<meta name="x" content="1"><meta content=u name=CSRF-Token>)"), "u");
}

TEST(ClientCsrf, OrNot) {
  for (const auto* html :
       {"", "<meta", "<meta ", R"(<meta name="csrf-token">)", R"(<meta name="csrf-token" content="">)",
        R"(<meta name="csrf-token" content="a b">)", R"(<meta name="csrf-token" content="open)", R"(<metaname="csrf-token" content="x">)",
        R"(<p name="csrf-token" content="x">)", R"(<meta name="csrf" content="x">)"})
    EXPECT_EQ(find_csrf_token(html), std::nullopt) << html;
  EXPECT_EQ(find_csrf_token("<meta name=csrf-token content=" + std::string(2000, 'x') + ">"), std::nullopt);
}

TEST(ClientLink, FindsTheRelation) {  // RFC 8288 section 3.5
  EXPECT_EQ(find_link(R"(</a?page=2>; rel="next")", "next"), "/a?page=2");
  EXPECT_EQ(find_link(R"(</1>; rel=prev, <https://h/3,4>;title="a, <b>; rel=next"; rel="last next")", "next"), "https://h/3,4");
  EXPECT_EQ(find_link(R"(</a>;REL=Next)", "next"), "/a");
  for (const auto* header :
       {"", "</a>", "</a>; rel=prev", "</a; rel=next", R"(</a>; rel="nextish")", R"(</a>; rel="next)", "rel=next", R"(</a>; rel="")"})
    EXPECT_EQ(find_link(header, "next"), std::nullopt) << header;
}

}  // namespace
}  // namespace phx::core
