#include "step_parser.hpp"

#include <phx/core/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace phx::scenario {
namespace {

class ScenarioParser {
 public:
  ScenarioParser(std::string_view text, const std::string& file, const ScenarioSources& sources)
      : sources_(sources), root_(Yaml::parse(text, file)), lines_(text) {
    out_.file = file;
  }

  Scenario parse() {
    if (!root_.is_mapping()) root_.fail("a scenario begins with 'phxkit_scenario: 1'");
    root_.only_keys(
        {"phxkit_scenario", "name", "description", "tags", "url", "within", "timeout", "env", "vars", "setup", "actors", "load", "gates"});
    const Yaml* version = root_.find("phxkit_scenario");
    if (version == nullptr) root_.fail("the key 'phxkit_scenario' is missing; a scenario begins with 'phxkit_scenario: 1'");
    if (version->integer() != 1) version->fail("version " + version->text() + " is not known here; known is 1");
    header();
    names();
    variables();
    body();
    return std::move(out_);
  }

 private:
  void header() {
    out_.place = root_.place();
    out_.name = root_.find("name") != nullptr ? root_.at("name").string() : std::filesystem::path(out_.file).stem().string();
    if (const Yaml* text = root_.find("description")) out_.description = text->string();
    if (const Yaml* tags = root_.find("tags"))
      for (const Yaml& tag : tags->items()) out_.tags.push_back(tag.string());
    if (const Yaml* url = root_.find("url")) {
      out_.url = url->string();
      if (!out_.url.starts_with("ws://") && !out_.url.starts_with("wss://"))
        url->fail("a URL begins with ws:// or wss://, as in ws://127.0.0.1:4000/socket");
    }
    if (const Yaml* within = root_.find("within")) out_.within = within->duration();
    if (const Yaml* timeout = root_.find("timeout")) out_.timeout = timeout->duration();
  }

  void names() {
    std::set<std::string> found;
    collect(root_, out_.file, found, 0);
    names_.variables.assign(found.begin(), found.end());
    const Yaml* env = root_.find("env");
    if (env == nullptr) return;
    for (const Yaml& name : env->items()) {
      const auto value = sources_.env ? sources_.env(name.string()) : from_environment(name.string());
      if (!value) name.fail("the environment variable " + name.text() + " is not set");
      names_.env[name.text()] = *value;
    }
  }

  static std::optional<std::string> from_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
  }

  /// Variables that included files capture are known to all. Mistakes in includes are told when they are parsed.
  void collect(const Yaml& y, const std::string& file, std::set<std::string>& found, int depth) {
    collect_variables(y, found);
    includes(y, file, found, depth);
  }

  void includes(const Yaml& y, const std::string& file, std::set<std::string>& found, int depth) {
    if (depth > 20 || !y.tag().empty()) return;
    if (y.is_mapping())
      for (const Yaml::Entry& e : y.entries()) {
        if (e.key == "include" && e.value.is_scalar()) included(e.value, file, found, depth);
        includes(e.value, file, found, depth);
      }
    if (y.is_sequence())
      for (const Yaml& item : y.items()) includes(item, file, found, depth);
  }

  void included(const Yaml& path, const std::string& file, std::set<std::string>& found, int depth) {
    const std::string whole = (std::filesystem::path(file).parent_path() / path.text()).lexically_normal().string();
    std::string text;
    try {
      text = sources_.read(whole);
    } catch (const FileError& e) { path.fail("cannot include '" + whole + "': " + e.message()); }
    collect(Yaml::parse(text, whole), whole, found, depth + 1);
  }

  void variables() {
    const Yaml* vars = root_.find("vars");
    if (vars == nullptr) return;
    for (const Yaml::Entry& e : vars->entries()) out_.variables[e.key] = e.value.json();
  }

  void body() {
    if (const Yaml* setup = root_.find("setup")) out_.setup = StepParser(names_, sources_, false).steps(*setup, lines_);
    const Yaml& actors = root_.at("actors");
    if (actors.entries().empty()) actors.fail("a scenario needs at least one actor");
    for (const Yaml::Entry& e : actors.entries()) out_.actors.push_back({e.key, StepParser(names_, sources_, true).steps(e.value, lines_)});
    if (const Yaml* load = root_.find("load")) stages(*load);
    const Yaml* gates = root_.find("gates");
    if (gates == nullptr) return;
    for (const Yaml& gate : gates->items()) {
      if (auto m = Matcher::parse(gate.string()); !m) gate.fail("in the gate, " + m.error().message);
      out_.gates.push_back(gate.text());
    }
  }

  void stages(const Yaml& load) {
    load.only_keys({"stages"});
    for (const Yaml& y : load.at("stages").items()) {
      y.only_keys({"users", "over", "for"});
      LoadStage stage{.users = static_cast<std::uint64_t>(y.at("users").integer(0))};
      if (const Yaml* over = y.find("over")) stage.over = over->duration();
      if (const Yaml* hold = y.find("for")) stage.hold = hold->duration();
      if (stage.over == Duration{} && stage.hold == Duration{}) y.fail("a stage needs a time: 'over' for a ramp, 'for' to stay");
      out_.stages.push_back(stage);
    }
  }

  const ScenarioSources& sources_;
  Yaml root_;
  SourceLines lines_;
  TemplateNames names_;
  Scenario out_;
};

}  // namespace

Scenario parse_scenario(std::string_view text, const std::string& file, const ScenarioSources& sources) {
  return ScenarioParser(text, file, sources).parse();
}

Scenario load_scenario(const std::string& path) { return parse_scenario(read_text_file(path), path); }

}  // namespace phx::scenario
