#include <chrono>

#include <phx/client/options.hpp>

#include "support.hpp"

struct phx_credentials_call {
  phx::client::CredentialSource::Done done;
};

namespace phx::capi {

namespace {

/// Into `to` unless it is the default.
void milliseconds(std::uint32_t ms, Duration& to) {
  if (ms != 0) to = std::chrono::milliseconds(ms);
}

int choice(std::int32_t value, int count, const char* name) {
  if (value < 0 || value >= count) throw std::invalid_argument(std::string(name) + " is not one of its constants");
  return value;
}

client::Payload params_of(phx_str params) { return payload_of({params, 0}); }

std::optional<std::string> token_of(phx_str token) {
  if (token.size == 0) return std::nullopt;
  return std::string(view(token, "auth_token"));
}

core::TlsClientOptions tls_of(const phx_socket_options& in) {
  core::TlsClientOptions tls;
  tls.verify = in.insecure_tls == 0;
  tls.ca_file = view(in.ca_file, "ca_file");
  tls.client_cert_file = view(in.client_cert_file, "client_cert_file");
  tls.client_key_file = view(in.client_key_file, "client_key_file");
  tls.server_name = view(in.tls_server_name, "tls_server_name");
  if (in.pin_count != 0) required(in.pins, "pins");
  for (std::size_t n = 0; n < in.pin_count; ++n) tls.pins.emplace_back(view(in.pins[n], "pins"));
  return tls;
}

std::shared_ptr<client::CredentialSource> source_of(const phx_socket_options& in, User user) {
  const auto ask = in.credentials;
  if (!ask) return nullptr;
  return client::credential_source(
      [ask, user = std::move(user)](const client::CredentialRequest& request, client::CredentialSource::Done done) {
        ask(user.get(), request.refresh ? 1 : 0, new phx_credentials_call{std::move(done)});
      });
}

}  // namespace

client::HeaderList headers_of(const phx_header* headers, std::size_t count) {
  client::HeaderList list;
  if (count != 0) required(headers, "headers");
  for (std::size_t n = 0; n < count; ++n)
    list.push_back({std::string(view(headers[n].name, "a header's name")), std::string(view(headers[n].value, "a header's value"))});
  return list;
}

client::Credentials credentials_of(const phx_credentials& in) {
  return {.params = params_of(in.params), .auth_token = token_of(in.auth_token), .headers = headers_of(in.headers, in.header_count)};
}

client::SocketOptions options_of(const phx_socket_options& in) {
  static_assert(static_cast<int>(client::TransportMode::automatic) == PHX_TRANSPORT_AUTO);
  const User user = own(in.credentials_user, in.credentials_drop);
  client::SocketOptions out;
  out.params = params_of(in.params);
  out.auth_token = token_of(in.auth_token);
  out.headers = headers_of(in.headers, in.header_count);
  out.credentials = source_of(in, user);
  out.vsn = choice(in.vsn, 3, "vsn") == 1 ? client::Vsn::v1 : client::Vsn::v2;
  out.transport = static_cast<client::TransportMode>(choice(in.transport, 3, "transport"));
  if (choice(in.policy, 2, "policy") == PHX_POLICY_PHOENIX_JS) out.policy = core::compat::phoenix_js();
  if (in.deflate) out.deflate.emplace();
  milliseconds(in.timeout_ms, out.timeout);
  milliseconds(in.connect_timeout_ms, out.connect_timeout);
  milliseconds(in.heartbeat_interval_ms, out.heartbeat_interval);
  milliseconds(in.heartbeat_timeout_ms, out.heartbeat_timeout);
  if (in.max_message_bytes != 0) out.max_message_bytes = in.max_message_bytes;
  out.tls = tls_of(in);
  out.proxy = view(in.proxy, "proxy");
  out.proxy_from_environment = in.proxy_from_environment != 0;
  out.longpoll_token_in_header = in.longpoll_token_in_header != 0;
  return out;
}

client::PushOptions options_of(const phx_push_options& in) {
  client::PushOptions out;
  if (in.timeout_ms != 0) out.timeout = std::chrono::milliseconds(in.timeout_ms);
  const std::string key(view(in.key, "key"));
  switch (choice(in.delivery, 4, "delivery")) {
    case PHX_IF_JOINED: out.delivery = client::IfJoined{}; break;
    case PHX_AT_LEAST_ONCE:
      out.delivery = client::AtLeastOnce{.id = key};
      if (in.until_ms != 0) std::get<client::AtLeastOnce>(out.delivery).until = std::chrono::milliseconds(in.until_ms);
      break;
    case PHX_LATEST: out.delivery = client::Latest{key}; break;
    default: break;
  }
  return out;
}

}  // namespace phx::capi

using namespace phx::capi;

phx_status phx_credentials_answer(phx_credentials_call* call, const phx_credentials* credentials) {
  const std::unique_ptr<phx_credentials_call> owned(call);
  const phx_status status = guarded([&] {
    required(call, "call");
    call->done(credentials_of(sized(credentials, "credentials")));
  });
  if (status != PHX_OK && call) guarded([&] { call->done(phx::failure(phx::Errc::cancelled)); });
  return status;
}

phx_status phx_credentials_fail(phx_credentials_call* call, phx_status why) {
  const std::unique_ptr<phx_credentials_call> owned(call);
  return guarded([&] {
    const bool ours = why > PHX_OK && why < PHX_E_INVALID_ARGUMENT;
    required(call, "call").done(phx::failure(ours ? static_cast<phx::Errc>(why) : phx::Errc::cancelled));
  });
}
