// Messages are read and written without allocation: serializer.hpp.
#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>

#include <phx/core/serializer.hpp>

namespace {
std::size_t allocations = 0;
}

void* operator new(std::size_t bytes) {
  ++allocations;
  if (void* p = std::malloc(bytes != 0 ? bytes : 1)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace phx::core {
namespace {

TEST(Allocation, NoneForDecodingEncodingAndChecking) {
  const std::string text = R"(["12","345","room:lobby:with a long name of its own","new_msg",{"a":[1,2.5e3,{"b":"é\n"}]}])";
  const std::string object = R"({"topic":"room:lobby:with a long name of its own","event":"e","payload":{"a":[1]},"ref":"345"})";
  const std::string binary = std::string("\x00\x02\x03\x0A\x07", 5) + "12345room:lobbynew_msg" + std::string(200, 'x');
  EnvelopeScratch scratch;
  std::string out, status;
  out.reserve(1024);
  const auto before = allocations;
  EXPECT_TRUE(v2_serializer().decode_client(Opcode::text, text, scratch));
  EXPECT_TRUE(v2_serializer().decode_server(Opcode::text, text, scratch));
  EXPECT_TRUE(v1_serializer().decode_client(Opcode::text, object, scratch));
  EXPECT_TRUE(v2_serializer().decode_client(Opcode::binary, binary, scratch));
  const auto view = v2_serializer().decode_client(Opcode::text, text, scratch);
  EXPECT_TRUE(
      v2_serializer().encode({.join_ref = view->join_ref, .topic = view->topic, .event = view->event, .payload = view->payload}, out));
  EXPECT_FALSE(check_json(text));
  EXPECT_EQ(allocations, before);
}

}  // namespace
}  // namespace phx::core
