#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <phxkit_c.h>

#include <phx/client/channel.hpp>
#include <phx/client/credentials.hpp>
#include <phx/client/payload.hpp>
#include <phx/client/runtime.hpp>
#include <phx/client/socket.hpp>
#include <phx/client/subscription.hpp>

/// What the functions of phxkit_c.h are made of: borrowed structs in, borrowed structs out, exceptions to status codes.

struct phx_socket {
  std::shared_ptr<phx::client::Runtime> runtime;  // with the socket and a poll that frees it
  bool polled;
  phx::client::Socket socket;
  std::vector<phx::client::Subscription> handlers{};
};

struct phx_channel {
  phx::client::Channel channel;
};

struct phx_subscription {
  phx::client::Subscription subscription;
};

struct phx_text {
  std::string text;
};

namespace phx::capi {

/// Remembers the line for phx_last_error.
phx_status fail(phx_status status, std::string_view why) noexcept;
phx_status status_of(std::error_code error) noexcept;

/// Runs a function's body; an exception becomes a status. The rules of <phx/client/...>: invalid_argument for a wrong argument, logic_error for
/// a call at the wrong time.
template <class F>
phx_status guarded(F&& body) noexcept {
  try {
    body();
    return PHX_OK;
  } catch (const std::invalid_argument& e) { return fail(PHX_E_INVALID_ARGUMENT, e.what()); } catch (const std::logic_error& e) {
    return fail(PHX_E_INVALID_STATE, e.what());
  } catch (const std::bad_alloc&) { return fail(PHX_E_NO_MEMORY, "out of memory"); } catch (const std::system_error& e) {
    return fail(status_of(e.code()), e.what());
  } catch (const std::exception& e) { return fail(PHX_E_INTERNAL, e.what()); } catch (...) {
    return fail(PHX_E_INTERNAL, "an exception of unknown type");
  }
}

/// User data of callbacks, dropped with the last of them.
using User = std::shared_ptr<void>;
inline User own(void* user, phx_drop_fn drop) {
  return {user, [drop](void* data) {
            if (drop) drop(data);
          }};
}

template <class T>
T& required(T* pointer, const char* name) {
  if (!pointer) throw std::invalid_argument(std::string(name) + " is NULL");
  return *pointer;
}

inline phx_str to_c(std::string_view text) noexcept { return {text.data(), text.size()}; }
inline phx_payload to_c(const client::Payload& payload) noexcept { return {to_c(payload.text()), payload.is_binary() ? 1 : 0}; }
inline phx_message to_c(const client::Message& message) noexcept {
  return {to_c(message.topic), to_c(message.event), to_c(message.payload)};
}
std::string_view view(phx_str text, const char* name);
client::Payload payload_of(phx_payload payload);
client::HeaderList headers_of(const phx_header* headers, std::size_t count);
client::Credentials credentials_of(const phx_credentials& credentials);
client::SocketOptions options_of(const phx_socket_options& options);
client::PushOptions options_of(const phx_push_options& options);

/// A struct of a caller that was built against another version of the header; NULL: all defaults.
template <class T>
T sized(const T* in, const char* name) {
  static_assert(std::has_unique_object_representations_v<T>, "padding would let a later field begin with garbage");
  T out{};
  out.struct_size = sizeof(T);
  if (!in) return out;
  const std::size_t size = in->struct_size;
  if (size < sizeof(std::size_t)) throw std::invalid_argument(std::string(name) + "->struct_size is not set");
  std::memcpy(&out, in, std::min(size, sizeof(T)));
  const auto* bytes = reinterpret_cast<const unsigned char*>(in);
  if (size > sizeof(T) && std::any_of(bytes + sizeof(T), bytes + size, [](unsigned char byte) { return byte != 0; }))
    throw std::invalid_argument(std::string(name) + " sets a field that this version of the library does not know");
  return out;
}

/// A completion handler for the first outcome of a request.
inline auto reply_handler(phx_reply_fn on_reply, User user) {
  return [on_reply, user = std::move(user)](std::error_code error, const client::Reply& reply) {
    if (!on_reply) return;
    phx_reply out{};
    if (error)
      out.error = status_of(error);
    else
      out = {PHX_OK, to_c(reply.status), to_c(reply.response)};
    on_reply(user.get(), &out);
  };
}

}  // namespace phx::capi
