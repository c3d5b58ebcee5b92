// RestClient over loopback: what it sends, what it makes again, how it ends. Its rules on virtual time: core_client/request_test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/use_future.hpp>

#include <phx/client/async.hpp>
#include <phx/client/rest.hpp>

#include "support/http_peer.hpp"

#include "support.hpp"

namespace phx::test {
namespace {

using client::RestClient;
using client::RestOptions;
using client::RestRequest;
using client::RestResult;
using testing::HasSubstr;
using testing::Not;

RestOptions quick() {
  RestOptions options;
  options.retry.backoff = core::backoff::fixed(std::chrono::milliseconds(1));
  return options;
}

std::string sent(HttpPeer& peer, std::size_t index) { return peer.requests().at(index).head; }

TEST(ClientRest, SendsJsonAndGivesTheAnswer) {
  HttpPeer peer([](const auto& r) { return HttpPeer::answer(201, r.body.empty() ? "{}" : r.body); });
  RestClient api(peer.url("/api/"), quick());
  const auto made = get(api.post("/rooms", obj("name", "lobby")).future());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->ok());
  EXPECT_EQ(made->json()->at("name"), "lobby");
  EXPECT_EQ(made->header("content-type"), "application/json");
  EXPECT_EQ(made->url, peer.url("/api/rooms"));
  EXPECT_EQ(made->error(), std::nullopt);
  const auto first = peer.requests().at(0);
  EXPECT_EQ(first.method + first.target, "POST/api/rooms");
  EXPECT_TRUE(first.has("content-type: application/json") && first.has("accept: application/json")) << first.head;

  get(api.get("rooms?x=1", obj("page", obj("size", 2))).future());
  EXPECT_EQ(peer.requests().at(1).target, "/api/rooms?x=1&page%5Bsize%5D=2");
  get(api.put("/a", client::Bytes{"\x01"}).future());
  EXPECT_TRUE(peer.requests().at(2).has("content-type: application/octet-stream"));
  get(api.patch("/a", obj()).future());
  get(api.delete_("/a").future());
  EXPECT_EQ(peer.requests().at(3).method + peer.requests().at(4).method, "PATCHDELETE");
  get(api.request({.path = peer.url("/elsewhere"), .headers = {{"accept", "text/csv"}}}).future());
  EXPECT_EQ(peer.requests().at(5).target, "/elsewhere");
  EXPECT_TRUE(peer.requests().at(5).has("accept: text/csv"));
}

TEST(ClientRest, RefusesWrongUse) {
  EXPECT_THROW(RestClient("ws://h/"), std::invalid_argument);
  EXPECT_THROW(RestClient("nonsense"), std::invalid_argument);
  RestOptions options;
  options.proxy = "ftp://x";
  EXPECT_THROW(RestClient("http://h/", options), std::invalid_argument);
  RestClient api("http://127.0.0.1:1");
  EXPECT_THROW(api.request({.method = "GET /"}), std::invalid_argument);
  EXPECT_THROW(api.request({.headers = {{"a", "b\r\nc"}}}), std::invalid_argument);
  const auto foreign = get(api.get("http://elsewhere.example/x").future());
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, Errc::bad_url) << "credentials go to no other server";
}

TEST(ClientRest, ErrorsOfTheApiAreTyped) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(422, R"({"errors":{"title":["can't be blank"]}})"); });
  RestClient api(peer.url(), quick());
  const auto refused = get(api.post("/", obj()).future());
  ASSERT_TRUE(refused) << "a refusal is data";
  EXPECT_EQ(refused->error()->field("title"), "can't be blank");
}

TEST(ClientRest, RetriesIdempotentVerbsAndHonoursRetryAfter) {
  HttpPeer peer([](const auto& r) {
    if (r.number == 1) return HttpPeer::answer(503, "", "retry-after: 0\r\n");
    return r.number == 2 ? HttpPeer::cut : HttpPeer::answer(200, "{}");
  });
  RestClient api(peer.url(), quick());
  EXPECT_EQ(get(api.get("/").future())->status, 200);
  EXPECT_EQ(peer.requests().size(), 3u);

  HttpPeer busy([](const auto&) { return HttpPeer::answer(503, ""); });
  RestClient other(busy.url(), quick());
  EXPECT_EQ(get(other.post("/", obj()).future())->status, 503);
  EXPECT_EQ(busy.requests().size(), 1u) << "a POST is not made again";
  EXPECT_EQ(get(other.request({.method = "POST", .path = "/", .headers = {{"idempotency-key", "1"}}, .idempotent = true}).future())->status,
            503);
  EXPECT_EQ(busy.requests().size(), 5u) << "four attempts";
}

TEST(ClientRest, ALongRetryAfterIsNotWaitedFor) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(429, "", "retry-after: 3600\r\n"); });
  RestClient api(peer.url(), quick());
  EXPECT_EQ(get(api.get("/").future())->status, 429);
  EXPECT_EQ(peer.requests().size(), 1u);
}

TEST(ClientRest, BearerIsRefreshedOnceAfter401) {
  HttpPeer peer([](const auto& r) { return HttpPeer::answer(r.has("authorization: Bearer fresh") ? 200 : 401, "{}"); });
  std::atomic<int> asked = 0, refreshes = 0;
  auto options = quick();
  options.credentials = client::credential_source([&](const client::CredentialRequest& request) {
    ++asked;
    refreshes += request.refresh;
    return client::Credentials{.auth_token = request.refresh ? "fresh" : "old", .headers = {{"x-device", "7"}}};
  });
  RestClient api(peer.url(), options);
  EXPECT_EQ(get(api.post("/", obj()).future())->status, 200) << "a refused POST did nothing";
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(refreshes, 1);
  EXPECT_THAT(sent(peer, 0), HasSubstr("Bearer old"));
  EXPECT_TRUE(peer.requests().at(1).has("x-device: 7"));

  HttpPeer never([](const auto&) { return HttpPeer::answer(401, R"({"errors":{"detail":"Unauthorized"}})"); });
  RestClient refused(never.url(), options);
  EXPECT_EQ(get(refused.get("/").future())->error()->detail, "Unauthorized");
  EXPECT_EQ(never.requests().size(), 2u);

  auto fixed = quick();
  fixed.bearer = std::optional<std::string>("t");
  RestClient once(never.url(), fixed);
  EXPECT_EQ(get(once.get("/").future())->status, 401);
  EXPECT_EQ(never.requests().size(), 3u) << "there is no other token";
}

TEST(ClientRest, OneQuestionForAllWhoWait) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(200, "{}"); });
  std::atomic<int> asked = 0;
  Seen<client::CredentialSource::Done> waiting;
  auto options = quick();
  options.runtime = Runtime::create();  // with the probe: one loop, in order
  options.credentials = client::credential_source([&](const client::CredentialRequest&, client::CredentialSource::Done done) {
    ++asked;
    waiting.add(done);
  });
  RestClient api(peer.url(), options);
  std::vector<std::future<RestResult>> calls;
  for (int n = 0; n < 5; ++n) calls.push_back(api.get("/").future());
  auto dones = waiting.wait_for(1);
  auto plain = quick();
  plain.runtime = options.runtime;
  RestClient probe(peer.url(), plain);
  get(probe.get("/probe").future());
  dones.front()(client::Credentials{.auth_token = "t"});
  for (auto& call : calls) EXPECT_EQ(get(std::move(call))->status, 200);
  EXPECT_EQ(asked, 1);
}

TEST(ClientRest, ProvidersThatFailAreAFailure) {
  auto options = quick();
  options.retry.attempts = 1;
  options.on_callback_error = [](std::exception_ptr) {};
  options.bearer = []() {
    throw std::runtime_error("no keyring");
    return std::optional<std::string>();
  };
  RestClient api("http://127.0.0.1:1", options);
  const auto failed = get(api.get("/").future());
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("credentials"));
}

TEST(ClientRest, ASessionWithItsCsrfToken) {  // spec server.md 10.2: 403 for a token that is not the session's
  std::atomic<int> tokens = 0;
  HttpPeer peer([&](const auto& r) {
    if (r.method == "GET")
      return HttpPeer::answer(200, "<meta name=\"csrf-token\" content=\"t" + std::to_string(++tokens) + "\">",
                              "set-cookie: _key=s; path=/\r\ncontent-type: text/html\r\n");
    return HttpPeer::answer(r.has("x-csrf-token: t2") && r.has("Cookie: _key=s") ? 200 : 403, "{}");
  });
  auto options = quick();
  options.csrf_page = "/login";
  RestClient api(peer.url("/api"), options);
  EXPECT_EQ(get(api.post("/rooms", obj()).future())->status, 200) << "t1 was refused, t2 is fetched and taken";
  EXPECT_EQ(get(api.post("/rooms", obj()).future())->status, 200);
  EXPECT_EQ(tokens, 2);
  EXPECT_EQ(peer.requests().at(0).target, "/login");

  HttpPeer none([](const auto&) { return HttpPeer::answer(200, "<html>"); });
  RestClient without(none.url(), options);
  const auto failed = get(without.post("/", obj()).future());
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("csrf-token"));
}

TEST(ClientRest, TimeLimitWithItsLastReason) {
  HttpPeer peer([](const auto& r) { return r.number == 1 ? HttpPeer::cut : HttpPeer::hold; });
  RestClient api(peer.url(), quick());
  const auto late = get(api.request({.path = "/", .timeout = std::chrono::milliseconds(100)}).future());
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().code == std::errc::timed_out);
  EXPECT_EQ(late.error().attempts, 2u);
  EXPECT_THAT(late.error().message, HasSubstr("time limit; last: request to 127.0.0.1"));
}

TEST(ClientRest, AnAnswerBeyondTheLimitFails) {  // design.md 7
  HttpPeer peer([](const auto& r) { return HttpPeer::answer(200, std::string(r.target == "/more" ? 1001 : 1000, 'x')); });
  auto options = quick();
  options.max_body_bytes = 1000;
  RestClient api(peer.url(), options);
  EXPECT_EQ(get(api.get("/all").future())->body.size(), 1000u);
  const auto failed = get(api.get("/more").future());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Errc::message_too_large);
  EXPECT_EQ(failed.error().attempts, 1u);
}

TEST(ClientRest, Cancelling) {
  HttpPeer peer([](const auto&) { return HttpPeer::hold; });
  RestClient api(peer.url(), quick());
  auto call = api.get("/");
  std::atomic<int> told = 0;
  call.then([&](const RestResult&) { ++told; });
  auto future = call.future();
  peer.wait_for(1);
  call.cancel();
  EXPECT_EQ(get(std::move(future)).error().code, Errc::cancelled);
  peer.wait_for_ends(1);
  EXPECT_EQ(told, 0);

  boost::asio::cancellation_signal stop;
  auto answer = api.async_request({.path = "/"}, boost::asio::bind_cancellation_slot(stop.slot(), boost::asio::use_future));
  peer.wait_for(2);
  stop.emit(boost::asio::cancellation_type::terminal);
  EXPECT_THROW(get(std::move(answer)), boost::system::system_error);
  peer.wait_for_ends(2);
}

TEST(ClientRest, CallbacksHearOnceAlsoLate) {
  HttpPeer peer([](const auto&) { return HttpPeer::answer(200, "{}"); });
  RestClient api(peer.url(), quick());
  Seen<int> seen;
  auto call = api.get("/");
  call.then([&](const RestResult& r) { seen.add(r->status); });
  seen.wait_for(1);
  call.then([&](const RestResult& r) { seen.add(r->status + 1); });
  EXPECT_THAT(seen.wait_for(2), testing::ElementsAre(200, 201));
  const auto answer = get(api.async_request({.path = "/"}, boost::asio::use_future));
  EXPECT_EQ(answer.status, 200);
}

TEST(ClientRest, DestroyedWithRequestsUnderWay) {
  HttpPeer peer([](const auto& r) { return r.target == "/hold" ? HttpPeer::hold : HttpPeer::answer(200, "{}"); });
  for (int round = 0; round < 30; ++round) {
    auto api = std::make_unique<RestClient>(peer.url(), quick());
    auto held = api->get("/hold");
    auto future = held.future();
    for (int n = 0; n < round % 5; ++n) api->get("/").then([](const RestResult&) {});
    api.reset();
    EXPECT_EQ(get(std::move(future)).error().code, Errc::cancelled);
    EXPECT_EQ(get(held.future()).error().code, Errc::cancelled) << "a call that outlives its client is harmless";
  }
}

TEST(ClientRest, PagesByLinkAndByCursor) {
  HttpPeer peer([](const auto& r) {
    if (r.target == "/api/rooms") return HttpPeer::answer(200, "{}", "link: </api/rooms?page=2>; rel=\"next\"\r\n");
    if (r.target == "/api/rooms?page=2") return HttpPeer::answer(200, "{}", "link: <http://other.example/>; rel=\"next\"\r\n");
    if (r.target == "/api/c?limit=1") return HttpPeer::answer(200, R"({"meta":{"after":"x y"}})");
    return HttpPeer::answer(200, R"({"meta":{"after":null}})");
  });
  RestClient api(peer.url("/api"), quick());
  int pages = 0;
  RestResult last;
  for (std::optional<RestRequest> page{{.path = "/rooms"}}; page && last; ++pages) {
    last = get(api.request(*page).future());
    if (last) page = client::next_page(*page, *last);
  }
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(last.error().code, Errc::bad_url) << "a link to another server is not followed";
  const client::PageRule cursor{.relation = "", .cursor = "/meta/after", .param = "after"};
  const RestRequest first{.path = "/c", .query = obj("limit", 1)};
  const auto second = client::next_page(first, *get(api.request(first).future()), cursor);
  ASSERT_TRUE(second);
  const auto end = get(api.request(*second).future());
  EXPECT_THAT(end->url, HasSubstr("/api/c?after=x%20y&limit=1"));
  EXPECT_EQ(client::next_page(*second, *end, cursor), std::nullopt);
}

TEST(ClientRest, OptionsLikeTheSocketsThroughTheSameProxy) {
  HttpPeer proxy(
      [](const auto& r) { return r.method == "CONNECT" ? std::string("HTTP/1.1 200 OK\r\n\r\n") : HttpPeer::answer(200, r.target); });
  client::SocketOptions socket;
  socket.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  socket.auth_token = std::optional<std::string>("t");
  socket.headers = client::HeaderList{{"cookie", "a=1"}};
  RestClient api("http://api.example/v1", RestOptions::like(socket));
  EXPECT_EQ(get(api.get("/x").future())->body, "/v1/x");
  EXPECT_EQ(proxy.requests().at(0).target, "api.example:80");
  EXPECT_TRUE(proxy.requests().at(1).has("authorization: Bearer t"));
  EXPECT_TRUE(proxy.requests().at(1).has("Cookie: a=1"));
}

}  // namespace
}  // namespace phx::test
