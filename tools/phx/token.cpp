// phx token sign|verify|encrypt|decrypt: Phoenix.Token from the shell.
#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>
#include <phx/core/token.hpp>

#include <chrono>
#include <cstdio>

#include "command.hpp"

namespace phx::cli {
namespace {

struct TokenOptions {
  std::string secret_file, salt, data;
  std::optional<double> max_age, signed_at;
};

core::UnixTime now() { return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

core::UnixTime signed_at(const TokenOptions& options) {
  if (!options.signed_at) return now();
  return core::UnixTime(std::chrono::milliseconds(static_cast<std::int64_t>(*options.signed_at * 1000)));
}

std::string secret(const TokenOptions& options) {
  std::string text = read_file(options.secret_file, "--secret-key-base-file");
  text.erase(text.find_last_not_of("\r\n") + 1);
  if (text.size() < 20) throw Failure(ExitCode::usage, "the secret in --secret-key-base-file must have at least 20 bytes");
  return text;
}

core::etf::Term term(const TokenOptions& options) {
  const auto json = parse_json(options.data);
  if (!json) throw Failure(ExitCode::usage, "DATA is not JSON; a string needs its quotes, as in '\"user-1\"'");
  auto out = core::etf::from_json(*json);
  if (!out) throw Failure(ExitCode::usage, "DATA: " + out.error().message());
  return *out;
}

ExitCode show(const std::string& token) {
  print(token + '\n');
  return ExitCode::pass;
}

ExitCode show(const Result<core::etf::Term>& data) {
  if (!data) throw Failure(ExitCode::check_failed, data.error().message());
  const auto json = core::etf::to_json(*data);
  if (!json) throw Failure(ExitCode::check_failed, "the token is good, but its data has no JSON form: " + json.error().what);
  Output({.json = true}).data(*json);
  return ExitCode::pass;
}

core::TokenOptions made(const TokenOptions& options) {
  core::TokenOptions out;
  if (options.max_age) out.max_age = *options.max_age;
  return out;
}

core::TokenCheck check(const TokenOptions& options) {
  core::TokenCheck out;
  if (options.max_age) out.max_age = core::MaxAge(*options.max_age);
  return out;
}

ExitCode sign(const TokenOptions& o) {
  return show(core::sign_token(core::KeyGenerator(secret(o)), o.salt, term(o), signed_at(o), made(o)));
}
ExitCode encrypt(const TokenOptions& o) {
  core::SystemRandom random;
  return show(core::encrypt_token(core::KeyGenerator(secret(o)), o.salt, term(o), signed_at(o), random, made(o)));
}
ExitCode verify(const TokenOptions& o) { return show(core::verify_token(core::KeyGenerator(secret(o)), o.salt, o.data, now(), check(o))); }
ExitCode decrypt(const TokenOptions& o) {
  return show(core::decrypt_token(core::KeyGenerator(secret(o)), o.salt, o.data, now(), check(o)));
}

void add(CLI::App& token, Command& chosen, const char* name, const char* what, ExitCode (*run)(const TokenOptions&), bool makes) {
  auto options = std::make_shared<TokenOptions>();
  CLI::App* command = token.add_subcommand(name, what);
  command->add_option("--secret-key-base-file", options->secret_file, "file with the application's secret_key_base; - is stdin")
      ->required();
  command->add_option("--salt", options->salt, "what the token is for, as in \"user socket\"")->required();
  command->add_option("--max-age", options->max_age, "seconds; default: a day, or what the token says");
  if (makes) command->add_option("--signed-at", options->signed_at, "seconds since 1970; default: now");
  command->add_option("data", options->data, makes ? "JSON" : "token")->required();
  command->callback([options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
}

}  // namespace

void add_token(CLI::App& app, Command& chosen) {
  CLI::App* token = app.add_subcommand("token", "make and check Phoenix.Token tokens");
  token->require_subcommand(1);
  add(*token, chosen, "sign", "print a signed token of DATA", sign, true);
  add(*token, chosen, "verify", "print the data of a signed token", verify, false);
  add(*token, chosen, "encrypt", "print an encrypted token of DATA", encrypt, true);
  add(*token, chosen, "decrypt", "print the data of an encrypted token", decrypt, false);
}

}  // namespace phx::cli
