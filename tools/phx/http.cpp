// phx http METHOD URL [ITEM...]: one request to a JSON API.
#include <CLI/CLI.hpp>

#include <phx/cli/program.hpp>
#include <phx/client/rest.hpp>
#include <phx/core/json.hpp>
#include <phx/net/url.hpp>

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "command.hpp"
#include "connect_options.hpp"
#include "http_item.hpp"
#include "main_loop.hpp"

namespace phx::cli {
namespace {

constexpr Duration http_timeout = std::chrono::seconds(30);

struct HttpOptions : NetworkOptions {
  std::string method, url, base, data, csrf_page;
  std::vector<std::string> items;
  std::uint32_t retries = 0;
  bool include = false, follow = false;
};

struct Target {
  std::string base, path;
};

/// A whole URL, or a path behind --base (the server of the context).
Target target(const HttpOptions& options) {
  const bool path = options.url.starts_with('/');
  if (path && options.base.empty())
    throw Failure(ExitCode::usage, "'" + options.url + "' has no server: give a whole URL, --base or --context");
  const auto url = net::parse_url(path ? options.base : options.url);
  if (!url) throw Failure(ExitCode::usage, "'" + (path ? options.base : options.url) + "' is not a URL like http://host:port/api");
  const std::string scheme = url->secure() ? "https" : "http";
  return {scheme + "://" + url->authority(), path ? options.url : url->target()};
}

class HttpCommand {
 public:
  explicit HttpCommand(const HttpOptions& options) : options_(options), out_(options.output) {}

  ExitCode run() {
    const Target to = target(options_);
    client::RestRequest request{.method = options_.method, .path = to.path};
    std::ranges::transform(request.method, request.method.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (!options_.data.empty()) request.body = payload_argument(options_.data, "--data");
    for (const std::string& item : options_.items) add_http_item(item, request);
    try {
      client::RestClient api(to.base, rest_options());
      api.request(request).then([this](const client::RestResult& result) { on_result(result); });
      return loop_.run();
    } catch (const std::invalid_argument& e) { throw Failure(ExitCode::usage, e.what()); }
  }

 private:
  client::RestOptions rest_options() {
    auto out = client::RestOptions::like(network_options(options_));
    out.bearer = token(options_);
    out.csrf_page = options_.csrf_page;
    out.timeout = options_.timeout_or(http_timeout);
    out.retry.attempts = options_.retries + 1;
    out.max_redirects = options_.follow ? 10 : 0;
    out.max_body_bytes = 1u << 30;
    out.callback_executor = [this](std::function<void()> task) { loop_.post(std::move(task)); };
    out.on_callback_error = [this](std::exception_ptr error) { loop_.post([error] { std::rethrow_exception(error); }); };
    return out;
  }

  void on_result(const client::RestResult& result) {
    if (!result) {
      const auto& why = result.error();
      const bool late = why.code == std::errc::timed_out || why.code == Errc::connect_timeout;
      throw Failure(late                        ? ExitCode::timed_out
                    : why.code == Errc::bad_url ? ExitCode::usage
                                                : ExitCode::cannot_connect,
                    why.message + (late ? " (--timeout " + options_.timeout_text(http_timeout) + ")" : ""));
    }
    if (options_.include) head(*result);
    body(*result);
    if (const auto error = result->error()) out_.talk("phx: " + error->message());
    loop_.finish(result->status >= 400 ? ExitCode::check_failed : ExitCode::pass);
  }

  void head(const client::RestResponse& response) {
    Json headers = Json::object();
    for (const auto& [name, value] : response.headers)
      headers[name] = headers.contains(name) ? headers[name].get<std::string>() + ", " + value : value;
    out_.data(obj("status", response.status, "headers", headers));
  }

  /// JSON as all data of phx, anything else byte by byte.
  void body(const client::RestResponse& response) {
    if (response.body.empty()) return;
    if (const auto json = response.json()) return out_.data(*json);
    const auto& text = response.body;
    print(text);
  }

  const HttpOptions& options_;
  MainLoop loop_;
  Output out_;
};

}  // namespace

void add_http(CLI::App& app, Command& chosen) {
  auto options = std::make_shared<HttpOptions>();
  CLI::App* command = app.add_subcommand("http", "one request to a JSON API; prints the answer's body");
  command->add_option("method", options->method, "GET, POST, PUT, PATCH, DELETE, ...")->required();
  command->add_option("url", options->url, "http://host:port/path; /path with --base or --context")->required();
  command->add_option("items", options->items, "name=text name:=json Name:header name==query");
  command->add_option("--data", options->data, "whole body: JSON, @file or @- (stdin); {\"$binary\":\"<base64>\"} is bytes");
  command->add_option("--base", options->base, "server of a URL that is a path");
  command->add_option("--csrf-page", options->csrf_page, "page with Phoenix's csrf-token, fetched before a request that changes something");
  command->add_option("--retries", options->retries, "further attempts of requests that may be made again (default: 0)");
  command->add_flag("--include", options->include, "first a line {\"status\",\"headers\"}");
  command->add_flag("--follow", options->follow, "follow redirects of GET and HEAD");
  add_network_options(*command, *options, "the Bearer token");
  command->callback([options, &chosen] { chosen = [options] { return HttpCommand(*options).run(); }; });
}

}  // namespace phx::cli
