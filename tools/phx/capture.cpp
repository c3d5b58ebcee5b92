// phx capture convert|show FILE: captures as scenario, mock and HAR files, and back.
#include <CLI/CLI.hpp>

#include <phx/cli/output.hpp>
#include <phx/cli/program.hpp>
#include <phx/scenario/capture_convert.hpp>

#include <cstdio>

#include "capture_file.hpp"
#include "command.hpp"

namespace phx::cli {
namespace {

struct ConvertOptions {
  std::string file, to, out;
  std::vector<std::string> changing;
  bool keep_secrets = false;
};

scenario::Capture read_any(const ConvertOptions& o) {
  if (!o.file.ends_with(".har")) return read_capture_file(o.file);
  auto capture = scenario::capture_from_har(read_file(o.file, "the HAR file"), o.keep_secrets);
  if (!capture) throw Failure(ExitCode::usage, o.file + ": " + capture.error());
  return std::move(*capture);
}

std::string scenario_of(const scenario::Capture& capture, const ConvertOptions& o) {
  auto changing = scenario::ReplayOptions{}.ignore;
  changing.insert(changing.end(), o.changing.begin(), o.changing.end());
  return capture_to_scenario(capture, changing);
}

std::string converted(const scenario::Capture& capture, const ConvertOptions& o) {
  const std::string& to = o.to;
  if (to == "scenario") return scenario_of(capture, o);
  if (to == "mock") return capture_to_mock(capture);
  if (to == "har") return capture_to_har(capture);
  std::string out = capture_line(capture.header) + "\n";
  for (const auto& event : capture.events) out += capture_line(event) + "\n";
  return out;
}

ExitCode convert(const ConvertOptions& o) {
  std::string text = converted(read_any(o), o);
  text.pop_back();
  CaptureSink(o.out).line(text);
  return ExitCode::pass;
}

}  // namespace

void add_capture(CLI::App& app, Command& chosen) {
  auto o = std::make_shared<ConvertOptions>();
  CLI::App* command = app.add_subcommand("capture", "work with capture files");
  command->require_subcommand(1);
  CLI::App* conversion = command->add_subcommand("convert", "a capture, or a browser's .har file, as something else");
  conversion->add_option("file", o->file, "capture, or a file whose name ends in .har")->required();
  conversion->add_option("--to", o->to, "scenario, mock, har or capture")
      ->check(CLI::IsMember({"scenario", "mock", "har", "capture"}))
      ->required();
  conversion->add_option("--out", o->out, "file, instead of stdout");
  conversion
      ->add_option("--ignore", o->changing,
                   "to scenario: key whose values may be anything (as always phx_ref, online_at, inserted_at); may be repeated")
      ->take_all()
      ->allow_extra_args(false);
  conversion->add_flag("--keep-secrets", o->keep_secrets, "do not mask what a .har file holds");
  conversion->callback([o, &chosen] { chosen = [o] { return convert(*o); }; });
}

}  // namespace phx::cli
