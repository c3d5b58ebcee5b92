#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <phx/cli/output.hpp>
#include <phx/client/options.hpp>
#include <phx/client/payload.hpp>

namespace CLI {
class App;
}
namespace phx::net {
struct ProxyOptions;
}

namespace phx::cli {

/// What every command that uses the network takes (design.md section 4).
struct NetworkOptions {
  std::string token_file, ca_file, proxy;
  bool insecure = false;
  std::vector<std::string> headers;
  std::optional<double> timeout_seconds;
  OutputOptions output;

  Duration timeout_or(Duration otherwise) const;
  /// "10 s", for messages.
  std::string timeout_text(Duration otherwise) const;
};

/// What every command that connects to a socket takes.
struct ConnectOptions : NetworkOptions {
  std::string url, topic;
  std::string params = "{}", join_payload = "{}";
  std::string auth_token_file, vsn = "2.0.0", transport = "websocket";
};

inline constexpr Duration default_timeout = std::chrono::seconds(10);

/// The URL argument and the common flags; TOPIC too unless `topic` is false.
void add_connect_options(CLI::App& command, ConnectOptions& options, bool topic = true);
/// The common flags without arguments; --join-payload only with `topic`.
void add_connect_flags(CLI::App& command, ConnectOptions& options, bool topic);

/// Their flags; `token`: what --token-file is.
void add_network_options(CLI::App& command, NetworkOptions& options, const std::string& token);
/// TLS, proxy and headers. Throws Failure(usage) that names the flag and the remedy.
client::SocketOptions network_options(const NetworkOptions& options);
/// From --token-file or PHX_TOKEN.
std::optional<std::string> token(const NetworkOptions& options);
/// From --auth-token-file; none without it.
std::optional<std::string> auth_token(const std::string& file);

/// The proxy that --proxy means for this URL; none: directly. Throws Failure(usage).
std::optional<net::ProxyOptions> proxy_to(const NetworkOptions& options, const std::string& url);

/// What the flags mean for the SDK. Throws Failure(usage) that names the flag and the remedy.
client::SocketOptions socket_options(const ConnectOptions& options);

/// An argument that is JSON, `@file` or `@-`. {"$binary": "<base64>"} is bytes. Throws Failure(usage) that names `what`.
client::Payload payload_argument(const std::string& argument, const std::string& what);

}  // namespace phx::cli
