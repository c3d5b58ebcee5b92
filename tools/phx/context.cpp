// phx context: named sets of a URL and flags, in $XDG_CONFIG_HOME/phxkit/contexts.json (mode 0600).
#include "context.hpp"

#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/json.hpp>
#include <phx/net/url.hpp>
#include <phx/scenario/mask.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>

#include "command.hpp"
#include "connect_options.hpp"
#include "private_file.hpp"

namespace phx::cli {
namespace {

namespace fs = std::filesystem;

fs::path file() {
  const auto folder = xdg_folder("XDG_CONFIG_HOME", ".config");
  if (folder.empty()) throw Failure(ExitCode::usage, "neither XDG_CONFIG_HOME nor HOME says where contexts are kept");
  return folder / "contexts.json";
}

/// {"current": name or null, "contexts": {name: {"url", flags...}}}
Json load() {
  const auto path = file();
  if (!fs::exists(path)) return obj("current", nullptr, "contexts", Json::object());
  auto json = parse_json(read_file(path, "the contexts in"));
  const bool fits = json && json->is_object() && json->contains("current") && json->contains("contexts") && (*json)["contexts"].is_object();
  if (!fits) throw Failure(ExitCode::usage, path.string() + " is not a file of contexts; move it away and add them anew");
  for (const auto& [name, context] : (*json)["contexts"].items())
    if (!context.is_object() || !context.contains("url") || !context["url"].is_string())
      throw Failure(ExitCode::usage,
                    path.string() + ": context '" + name + "' has no url; remove it with `phx context remove " + name + "`");
  return *json;
}

void save(const Json& all) { write_private_file(file(), all.dump(2) + '\n'); }

Json& find(Json& all, const std::string& name) {
  if (!all["contexts"].contains(name)) throw Failure(ExitCode::usage, "there is no context '" + name + "' (see phx context list)");
  return all["contexts"][name];
}

/// Without secrets: they are kept, not shown.
Json shown(const std::string& name, const Json& context, const Json& current) {
  Json out = obj("name", name, "current", current == name);
  for (const auto& [key, value] : context.items()) out[key] = value;
  out["url"] = scenario::mask_url(context["url"].get<std::string>());
  if (out.contains("params")) out["params"] = *parse_json(scenario::mask_text(to_json_text(context["params"])));
  if (out.contains("proxy")) out["proxy"] = scenario::mask_url(context["proxy"].get<std::string>());
  if (out.contains("headers"))
    for (Json& header : out["headers"]) {
      const std::string text = header.get<std::string>();
      const auto colon = text.find(':');
      const auto value = std::min(text.find_first_not_of(' ', colon + 1), text.size());
      header = text.substr(0, colon) + ": " + scenario::mask_header(text.substr(0, colon), text.substr(value));
    }
  return out;
}

// ---- the commands ----

ExitCode add_one(const std::string& name, const ConnectOptions& o) {
  const bool good =
      !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; });
  if (!good) throw Failure(ExitCode::usage, "a context's name has letters, digits, '-', '_', '.'");
  if (!net::parse_url(o.url)) throw Failure(ExitCode::usage, "'" + scenario::mask_url(o.url) + "' is not a URL like ws://host:port/socket");
  socket_options(o);  // refuses what no command could use
  const auto absolute = [](const std::string& path) { return path == "-" ? path : fs::absolute(path).lexically_normal().string(); };
  Json context = obj("url", o.url);
  if (o.params != "{}") context["params"] = *parse_json(o.params);
  if (!o.token_file.empty()) context["token_file"] = absolute(o.token_file);
  if (!o.auth_token_file.empty()) context["auth_token_file"] = absolute(o.auth_token_file);
  if (!o.ca_file.empty()) context["ca_file"] = absolute(o.ca_file);
  if (!o.headers.empty()) context["headers"] = o.headers;
  if (o.transport != "websocket") context["transport"] = o.transport;
  if (o.vsn != "2.0.0") context["vsn"] = o.vsn;
  if (o.insecure) context["insecure"] = true;
  if (!o.proxy.empty()) context["proxy"] = o.proxy;
  if (o.timeout_seconds) context["timeout"] = *o.timeout_seconds;
  Json all = load();
  all["contexts"][name] = context;
  save(all);
  return ExitCode::pass;
}

ExitCode list(const OutputOptions& output) {
  Json all = load();
  Output out(output);
  for (const auto& [name, context] : all["contexts"].items()) out.data(shown(name, context, all["current"]));
  return ExitCode::pass;
}

ExitCode show(const std::string& name, const OutputOptions& output) {
  Json all = load();
  Output(output).data(shown(name, find(all, name), all["current"]));
  return ExitCode::pass;
}

ExitCode use(const std::string& name) {
  Json all = load();
  find(all, name);
  all["current"] = name;
  save(all);
  return ExitCode::pass;
}

ExitCode remove_one(const std::string& name) {
  Json all = load();
  find(all, name);
  all["contexts"].erase(name);
  if (all["current"] == name) all["current"] = nullptr;
  save(all);
  return ExitCode::pass;
}

// ---- into a command line ----

bool is_url(const std::string& text) {
  return std::ranges::any_of(std::array{"ws://", "wss://", "http://", "https://"},
                             [&](const char* scheme) { return text.starts_with(scheme); });
}

/// Takes `--context NAME` out of the arguments.
std::optional<std::string> take_name(std::vector<std::string>& args) {
  for (auto at = args.begin() + 1; at != args.end() && *at != "--"; ++at) {
    if (at->starts_with("--context=")) {
      auto name = at->substr(std::strlen("--context="));
      args.erase(at);
      return name;
    }
    if (*at != "--context") continue;
    if (at + 1 == args.end()) throw Failure(ExitCode::usage, "--context needs a name (see phx context list)");
    auto name = *(at + 1);
    args.erase(at, at + 2);
    return name;
  }
  if (const char* env = std::getenv("PHX_CONTEXT"); env != nullptr && *env != '\0') return env;
  return std::nullopt;
}

std::vector<std::string> flags_of(const Json& context, bool socket) {
  std::vector<std::string> out;
  const auto text = [](const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); };
  const auto add = [&](const char* key, const char* flag) {
    if (context.contains(key)) out.push_back(std::string(flag) + '=' + text(context[key]));
  };
  add("token_file", "--token-file");
  add("ca_file", "--ca-file");
  add("proxy", "--proxy");
  add("timeout", "--timeout");
  if (context.value("insecure", false)) out.emplace_back("--insecure");
  for (const Json& header : context.value("headers", Json::array())) out.push_back("--header=" + text(header));
  if (!socket) return out;
  add("params", "--params");
  add("auth_token_file", "--auth-token-file");
  add("transport", "--transport");
  add("vsn", "--vsn");
  return out;
}

}  // namespace

void expand_context(std::vector<std::string>& args) {
  static const std::map<std::string, std::string> url_flags{
      {"join", ""},   {"push", ""},        {"presence", ""},   {"ping", ""},        {"shell", ""},      {"doctor", ""},
      {"record", ""}, {"conformance", ""}, {"test", "--url="}, {"replay", "--to="}, {"http", "--base="}};
  const auto command = args.empty() ? url_flags.end() : url_flags.find(args[0]);
  if (command == url_flags.end()) return;
  const auto connects_not = [](const std::string& arg) { return arg == "--help" || arg == "-h" || arg == "--list"; };
  if (std::ranges::any_of(args, connects_not)) return;
  const auto named = take_name(args);
  if (!named && command->first == "test") return;  // scenarios have a URL of their own
  bool has_url = false;
  for (std::size_t n = 1; n < args.size(); ++n) {
    has_url = has_url || (is_url(args[n]) && args[n - 1] != "--proxy" && args[n - 1] != "--base");
    has_url = has_url || (!command->second.empty() && args[n].starts_with(command->second));
  }
  if (!named && (has_url || !fs::exists(file()))) return;
  Json all = load();
  if (!named && !all["current"].is_string()) return;
  const Json& context = find(all, named ? *named : all["current"].get<std::string>());
  const bool socket = command->first != "http";
  std::vector<std::string> put = flags_of(context, socket);
  if (!has_url || !socket) put.push_back(command->second + context["url"].get<std::string>());
  args.insert(args.begin() + 1, put.begin(), put.end());
}

void add_context(CLI::App& app, Command& chosen) {
  CLI::App* context = app.add_subcommand("context", "named servers: a URL with its flags, for --context NAME");
  context->require_subcommand(1);
  struct Options {
    std::string name;
    ConnectOptions connect;
  };
  auto o = std::make_shared<Options>();
  const auto command = [&](const char* word, const char* what, std::function<ExitCode()> run, bool named) {
    CLI::App* sub = context->add_subcommand(word, what);
    if (named) sub->add_option("name", o->name, "name of the context")->required();
    sub->callback([run = std::move(run), &chosen] { chosen = run; });
    return sub;
  };
  CLI::App* add = command(
      "add", "add or replace one", [o] { return add_one(o->name, o->connect); }, true);
  add_connect_options(*add, o->connect, false);
  CLI::App* listing = command(
      "list", "all of them; secrets are not shown", [o] { return list(o->connect.output); }, false);
  CLI::App* showing = command(
      "show", "one of them; secrets are not shown", [o] { return show(o->name, o->connect.output); }, true);
  for (CLI::App* sub : {listing, showing}) {
    sub->add_flag("--json", o->connect.output.json, "one JSON object per line, also on a terminal");
    sub->add_flag("--pretty", o->connect.output.pretty, "indented, also into a pipe");
  }
  command(
      "use", "the one for commands that are given no URL", [o] { return use(o->name); }, true);
  command(
      "remove", "forget one", [o] { return remove_one(o->name); }, true);
}

}  // namespace phx::cli
