#pragma once

#include <set>
#include <string>
#include <vector>

#include <phx/scenario/scenario.hpp>

namespace phx::scenario {

/// Lines of a file, so that a report can show the one of a failed step.
class SourceLines {
 public:
  explicit SourceLines(std::string_view text);
  std::string line(std::size_t number) const;

 private:
  std::vector<std::string> lines_;
};

/// Turns the steps of one actor into values. Knows which channels the actor has joined so far.
class StepParser {
 public:
  /// All borrowed for life.
  StepParser(const TemplateNames& names, const ScenarioSources& sources, bool connects)
      : names_(names), sources_(sources), connects_(connects) {}

  Steps steps(const Yaml& list, const SourceLines& lines);

 private:
  using Parse = Step::Kind (StepParser::*)(const Yaml&, Step&);
  struct Word {
    std::string_view name;
    Parse parse;
  };
  static const std::vector<Word>& words();

  void step(const Yaml& y, const SourceLines& lines, Steps& out);
  void include(const Yaml& y, Steps& out);
  void common(const Yaml& y, Step& step);

  Step::Kind connect(const Yaml& y, Step& step);
  Step::Kind join(const Yaml& y, Step& step);
  Step::Kind push(const Yaml& y, Step& step);
  Step::Kind leave(const Yaml& y, Step& step);
  Step::Kind expect(const Yaml& y, Step& step);
  Step::Kind refute(const Yaml& y, Step& step);
  Step::Kind wait(const Yaml& y, Step& step);
  Step::Kind http(const Yaml& y, Step& step);
  Step::Kind disconnect(const Yaml& y, Step& step);
  Step::Kind set(const Yaml& y, Step& step);
  Step::Kind sync(const Yaml& y, Step& step);
  Step::Kind repeat(const Yaml& y, Step& step);
  Step::Kind parallel(const Yaml& y, Step& step);

  ReplyExpectation reply(const Yaml& y, Step& step);
  std::string channel(const Yaml& y) const;
  std::string optional_channel(const Yaml& y) const;
  Pattern payload(const Yaml& y) const;
  JsonTemplate json(const Yaml& y, std::string_view key) const;
  std::vector<std::pair<std::string, Template>> headers(const Yaml& y) const;

  const TemplateNames& names_;
  const ScenarioSources& sources_;
  bool connects_;
  bool connected_ = false;
  std::vector<std::string> channels_;
  std::vector<std::string> including_;
  const SourceLines* lines_ = nullptr;
};

/// The variables that `capture`, `set` and `!capture` name anywhere below.
void collect_variables(const Yaml& y, std::set<std::string>& out);

}  // namespace phx::scenario
