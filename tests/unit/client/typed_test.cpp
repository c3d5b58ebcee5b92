// Typed events, and that wrong ones do not compile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <phx/client/typed.hpp>

#include <map>

#include "support.hpp"

namespace phx::test {
namespace {

struct NewMsg {
  std::string body;
  int stars = 0;
  bool operator==(const NewMsg&) const = default;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NewMsg, body, stars)

using OtherType = std::map<std::string, std::string>;

constexpr Event<NewMsg, NewMsg> echo{"echo"};
constexpr Event<NewMsg> shout{"shout"};
constexpr Event<Bytes, Bytes> blob{"echo"};

// Each of these once compiled would be a message that nobody understands.
template <class E, class V>
concept pushes = requires(Channel& c, const E& event, V value) { c.push(event, value); };
static_assert(pushes<Event<NewMsg>, NewMsg>);
static_assert(!pushes<Event<NewMsg>, OtherType>);
static_assert(!pushes<Event<NewMsg>, const char*>);
static_assert(!pushes<Event<Bytes>, NewMsg>);
// A typed event is no string: it cannot lose its type on the way.
static_assert(!std::is_convertible_v<Event<NewMsg>, std::string_view>);

TEST(ClientTyped, PushesAnswersAndHandlersHaveTypes) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  Seen<NewMsg> heard, answered;
  const auto messages = room.on(shout, [&](const NewMsg& m) { heard.add(m); });
  const auto with_message = room.on(shout, [&](const NewMsg& m, const Message& raw) {
    if (raw.event == "shout") heard.add(m);
  });
  socket.connect();
  room.join();
  room.push(echo, {"hi", 3}).ok([&](const NewMsg& m) { answered.add(m); });
  EXPECT_EQ(answered.wait_for(1).front(), (NewMsg{"hi", 3}));
  room.push(shout, NewMsg{"hey", 1});
  EXPECT_EQ(heard.wait_for(2).back(), (NewMsg{"hey", 1}));
  const auto reply = get(room.push(echo, {"again", 0}).future());
  EXPECT_EQ(response_as<NewMsg>(*reply).value(), (NewMsg{"again", 0}));
  EXPECT_EQ(response_as<OtherType>(*reply).error(), Errc::bad_json);
}

/// What value() says of an answer that it cannot give.
template <class R>
std::string complaint(const Result<TypedReply<R>>& reply) {
  try {
    reply.value().value();
    return "none";
  } catch (const ReplyError& e) { return e.reply.status + ": " + e.what(); }
}

TEST(ClientTyped, FuturesHaveTypesAndSayWhatIsWrongWithAnAnswer) {  // issue 4, points 7 and 9
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  socket.connect();
  room.join();
  EXPECT_EQ(get(room.push(echo, {"hi", 3}).future())->value(), (NewMsg{"hi", 3}));
  EXPECT_EQ(get(room.push<NewMsg>("echo", obj("body", "hi", "stars", 4)).future())->value(), (NewMsg{"hi", 4}));
  EXPECT_EQ(get(room.push<RawJson>("echo", obj("n", 1)).future())->value().text, R"({"n":1})");
  EXPECT_THAT(complaint(get(room.push<NewMsg>("echo", obj("body", 7)).future())),
              testing::StartsWith("ok: the response to 'echo' on 'room:lobby' is not of the expected type: [json.exception."));
  EXPECT_THAT(complaint(get(room.push<Bytes>("echo").future())),
              testing::EndsWith("is not of the expected type: JSON where bytes were expected"));
  EXPECT_EQ(complaint(get(room.push<NewMsg>("refuse").future())), "error: the reply to 'refuse' on 'room:lobby' has status 'error'");
  EXPECT_EQ(get(room.push<NewMsg>("silent", {}, {.timeout = std::chrono::milliseconds(1)}).future()).error(), Errc::push_timeout);
}

TEST(ClientTyped, BytesTravelAsBytes) {
  StubServer server;
  Socket socket(server.url());
  auto room = socket.channel("room:lobby");
  Seen<std::string> answered;
  socket.connect();
  room.join();
  room.push(blob, Bytes{std::string("\0\xff", 2)}).ok([&](const Bytes& b) { answered.add(b.data); });
  EXPECT_EQ(answered.wait_for(1).front(), std::string("\0\xff", 2));
}

TEST(ClientTyped, APayloadOfAnotherTypeIsReportedAndTheHandlerNotCalled) {
  StubServer server;
  Seen<std::string> errors;
  SocketOptions options;
  options.on_callback_error = [&](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) { errors.add(e.what()); }
  };
  Socket socket(server.url(), options);
  auto room = socket.channel("room:lobby");
  Seen<NewMsg> heard;
  const auto messages = room.on(shout, [&](const NewMsg& m) { heard.add(m); });
  socket.connect();
  room.join();
  room.push("shout", obj("body", 7));
  EXPECT_THAT(errors.wait_for(1).front(), testing::HasSubstr("payload of 'shout' on 'room:lobby' is not of the expected type"));
  EXPECT_THAT(heard.now(), testing::IsEmpty());
}

}  // namespace
}  // namespace phx::test
