#include "connect_options.hpp"

#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/core/base64.hpp>
#include <phx/core/json.hpp>
#include <phx/net/proxy.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace phx::cli {
namespace {

Json json_argument(const std::string& text, const std::string& what) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    throw Failure(ExitCode::usage,
                  what + " is not JSON (byte " + std::to_string(e.byte) + "); quote it for the shell, as in '{\"body\":\"hi\"}'");
  }
}

Json object_argument(const std::string& text, const std::string& what) {
  Json value = json_argument(text, what);
  if (!value.is_object()) throw Failure(ExitCode::usage, what + " must be a JSON object, as in '{\"user_id\":\"ada\"}'");
  return value;
}

std::string first_line(std::string text) {
  text.resize(std::min(text.find_first_of("\r\n"), text.size()));
  return text;
}

std::pair<std::string, std::string> header(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos || text.find_first_of("\r\n") != std::string::npos)
    throw Failure(ExitCode::usage, "--header must be 'Name: value'");
  const std::size_t value = std::min(text.find_first_not_of(' ', colon + 1), text.size());
  return {text.substr(0, colon), text.substr(value)};
}

/// A file that cannot be used is a usage error, told before anything connects.
void check(const core::TlsClientOptions& tls) {
  if (const auto context = core::TlsContext::client(tls); !context) throw Failure(ExitCode::usage, "--ca-file: " + context.error().detail);
}

}  // namespace

std::optional<std::string> token(const NetworkOptions& options) {
  if (!options.token_file.empty()) return first_line(read_file(options.token_file, "--token-file"));
  const char* env = std::getenv("PHX_TOKEN");
  if (env != nullptr && *env != '\0') return env;
  return std::nullopt;
}

std::optional<std::string> auth_token(const std::string& file) {
  if (file.empty()) return std::nullopt;
  return first_line(read_file(file, "--auth-token-file"));
}

Duration NetworkOptions::timeout_or(Duration otherwise) const {
  if (!timeout_seconds) return otherwise;
  return std::max(Duration(1), std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*timeout_seconds)));  // never none
}

std::string NetworkOptions::timeout_text(Duration otherwise) const {
  std::array<char, 32> text{};
  const double seconds = std::chrono::duration<double>(timeout_or(otherwise)).count();
  const auto end = std::to_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed).ptr;
  return std::string(text.data(), end) + " s";
}

void add_network_options(CLI::App& command, NetworkOptions& o, const std::string& token) {
  command.add_option("--token-file", o.token_file, "file with " + token + " (or PHX_TOKEN); - is stdin");
  command.add_option("--header", o.headers, "further header of the request, 'Name: value'")->take_all()->allow_extra_args(false);
  command.add_option("--ca-file", o.ca_file, "PEM file of the authorities to trust; default: the system's");
  command.add_flag("--insecure", o.insecure, "take any certificate of the server: anybody may be in the middle");
  command.add_option("--proxy", o.proxy, "http://user:password@host:port or socks5://...; env takes HTTPS_PROXY, ALL_PROXY, NO_PROXY");
  command.add_option("--timeout", o.timeout_seconds, "seconds")->check(check_seconds);
  // Taken out of the command line before it is parsed (context.hpp), declared for the help.
  command.add_option_function<std::string>(
      "--context", [](const std::string&) {}, "URL and flags of `phx context add NAME`");
  command.add_flag("--json", o.output.json, "one JSON object per line, also on a terminal");
  command.add_flag("--pretty", o.output.pretty, "indented, also into a pipe");
  command.add_flag("--quiet", o.output.quiet, "no talk on stderr");
}

void add_connect_options(CLI::App& command, ConnectOptions& o, bool topic) {
  command.add_option("url", o.url, "ws://host:port/socket (the transport's suffix is added)")->required();
  if (topic) command.add_option("topic", o.topic, "topic to join, as in room:lobby")->required();
  add_connect_flags(command, o, topic);
}

void add_connect_flags(CLI::App& command, ConnectOptions& o, bool topic) {
  command.add_option("--params", o.params, "connect params, a JSON object");
  if (topic) command.add_option("--join-payload", o.join_payload, "payload of the join, JSON");
  command.add_option("--auth-token-file", o.auth_token_file, "file with the auth token, sent as subprotocol; - is stdin");
  command.add_option("--transport", o.transport, "websocket (default), longpoll, or auto: long-poll where the WebSocket does not work")
      ->check(CLI::IsMember({"websocket", "longpoll", "auto"}));
  command.add_option("--vsn", o.vsn, "protocol version")->check(CLI::IsMember({"1.0.0", "2.0.0"}));
  add_network_options(command, o, "the param `token`");
}

client::SocketOptions network_options(const NetworkOptions& options) {
  client::SocketOptions out;
  client::HeaderList headers;
  for (const std::string& text : options.headers) headers.push_back(header(text));
  out.headers = headers;
  out.tls.ca_file = options.ca_file;
  out.tls.verify = !options.insecure;
  if (!options.ca_file.empty()) check(out.tls);
  if (options.proxy == "env") {
    out.proxy_from_environment = true;
  } else if (!options.proxy.empty()) {
    std::string why;
    if (!net::parse_proxy(options.proxy, why)) throw Failure(ExitCode::usage, "--proxy: " + why);
    out.proxy = options.proxy;
  }
  out.timeout = out.connect_timeout = options.timeout_or(default_timeout);
  return out;
}

std::optional<net::ProxyOptions> proxy_to(const NetworkOptions& options, const std::string& url) {
  std::string why;
  std::optional<net::ProxyOptions> out;
  if (options.proxy == "env") {
    if (const auto to = net::parse_url(url))
      out = net::proxy_from_environment(
          *to, [](const char* name) { return std::getenv(name); }, why);
  } else if (!options.proxy.empty()) {
    out = net::parse_proxy(options.proxy, why);
  }
  if (!why.empty()) throw Failure(ExitCode::usage, "--proxy: " + why);
  return out;
}

client::SocketOptions socket_options(const ConnectOptions& options) {
  client::SocketOptions out = network_options(options);
  Json params = object_argument(options.params, "--params");
  if (const auto t = token(options)) params["token"] = *t;
  out.params = client::Payload(params);
  if (auto secret = auth_token(options.auth_token_file)) out.auth_token = std::move(secret);
  out.transport = options.transport == "longpoll" ? client::TransportMode::longpoll
                  : options.transport == "auto"   ? client::TransportMode::automatic
                                                  : client::TransportMode::websocket;
  out.vsn = options.vsn == "1.0.0" ? client::Vsn::v1 : client::Vsn::v2;
  return out;
}

client::Payload payload_argument(const std::string& argument, const std::string& what) {
  const bool file = argument.starts_with('@');
  const Json value = json_argument(file ? read_file(argument.substr(1), what) : argument, file ? what + " '" + argument + "'" : what);
  if (!value.is_object() || value.size() != 1 || !value.contains("$binary")) return client::Payload(value);
  const auto bytes = value["$binary"].is_string() ? core::base64_decode(value["$binary"].get<std::string>()) : std::nullopt;
  if (!bytes) throw Failure(ExitCode::usage, what + ": $binary must be base64");
  return client::Bytes{*bytes};
}

}  // namespace phx::cli
