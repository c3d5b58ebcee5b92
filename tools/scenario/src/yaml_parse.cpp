// Text to Yaml: the events of yaml-cpp's parser become values with their places; limits hold for aliases too.
#include <phx/scenario/yaml.hpp>

#include <phx/core/json_text.hpp>

#include <algorithm>
#include <map>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace phx::scenario {

/// Builds one document. An open collection waits on the stack until its end event.
class YamlBuilder final : public YAML::EventHandler {
 public:
  YamlBuilder(std::shared_ptr<const std::string> file, const YamlLimits& limits) : file_(std::move(file)), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(make(mark, Yaml::Kind::null, ""), anchor); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto it = anchors_.find(anchor);
    if (it == anchors_.end()) throw FileError(at(mark), "an alias cannot stand inside the value it names");
    count(it->second.nodes, mark);
    add(it->second.value, 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& text) override {
    Yaml value = make(mark, Yaml::Kind::scalar, tag);
    value.quoted_ = tag == "!";
    value.text_ = text;
    if (tag.find("yaml.org,2002:str") != std::string::npos) value.quoted_ = true, value.tag_.clear();
    add(std::move(value), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(make(mark, Yaml::Kind::sequence, tag), anchor, mark);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(make(mark, Yaml::Kind::mapping, tag), anchor, mark);
  }
  void OnMapEnd() override { close(); }

  Place at(const YAML::Mark& mark) const {
    return {file_, mark.line < 0 ? 0 : static_cast<std::size_t>(mark.line) + 1,
            mark.column < 0 ? 0 : static_cast<std::size_t>(mark.column) + 1};
  }

  Yaml take() { return std::move(root_); }

 private:
  struct Open {
    Yaml value;
    YAML::anchor_t anchor;
    std::size_t nodes_before;
    std::optional<Yaml> key;
  };
  struct Anchored {
    Yaml value;
    std::size_t nodes;
  };

  void count(std::size_t more, const YAML::Mark& mark) {
    nodes_ += more;
    if (nodes_ > limits_.max_nodes) throw FileError(at(mark), "more than " + std::to_string(limits_.max_nodes) + " values in one file");
  }

  Yaml make(const YAML::Mark& mark, Yaml::Kind kind, const std::string& tag) {
    count(1, mark);
    Yaml value;
    value.place_ = at(mark);
    value.kind_ = kind;
    value.tag_ = tag == "?" || tag == "!" ? "" : tag.substr(std::min(tag.find_first_not_of('!'), tag.size()));
    return value;
  }

  void open(Yaml value, YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (stack_.size() >= limits_.max_depth)
      throw FileError(at(mark), "nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    stack_.push_back({std::move(value), anchor, nodes_, std::nullopt});
  }

  void close() {
    Open done = std::move(stack_.back());
    stack_.pop_back();
    if (done.anchor != 0) anchors_[done.anchor] = {done.value, nodes_ - done.nodes_before + 1};
    place(std::move(done.value));
  }

  void add(Yaml value, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = {value, 1};
    place(std::move(value));
  }

  void place(Yaml value) {
    if (stack_.empty()) {
      root_ = std::move(value);
      return;
    }
    Open& into = stack_.back();
    if (into.value.kind_ == Yaml::Kind::sequence) return into.value.items_.push_back(std::move(value));
    if (!into.key) {
      if (value.kind_ != Yaml::Kind::scalar || !value.tag_.empty()) value.fail("a key must be a word or text, not " + value.describe());
      into.key = std::move(value);
      return;
    }
    Yaml key = *std::exchange(into.key, std::nullopt);
    auto& entries = into.value.entries_;
    if (const Yaml* earlier = into.value.find_entry(key.text_))
      key.fail("the key '" + key.text_ + "' is here twice; the first is in line " + std::to_string(earlier->place_.line));
    entries.push_back({std::move(key.text_), std::move(key.place_), std::move(value)});
  }

  std::shared_ptr<const std::string> file_;
  const YamlLimits& limits_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
  Yaml root_;
};

namespace {

/// Column of a tab in front of what the line says.
std::optional<std::size_t> indenting_tab(std::string_view text, std::size_t line) {
  for (; line > 1; --line) text.remove_prefix(std::min(text.find('\n') + 1, text.size()));
  const std::size_t tab = text.find_first_not_of(' ');
  return tab != std::string_view::npos && text[tab] == '\t' ? std::optional(tab + 1) : std::nullopt;
}

}  // namespace

Yaml Yaml::parse(std::string_view text, std::string file, const YamlLimits& limits) {
  YamlBuilder builder(std::make_shared<const std::string>(std::move(file)), limits);
  const Place whole = builder.at(YAML::Mark::null_mark());
  if (text.size() > limits.max_bytes) throw FileError(whole, "larger than " + std::to_string(limits.max_bytes) + " bytes");
  if (!core::is_utf8(text)) throw FileError(whole, "not UTF-8 text; save the file as UTF-8");
  std::istringstream in{std::string(text)};
  try {
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) throw FileError(whole, "the file is empty");
    Yaml root = builder.take();
    YamlBuilder second(builder.at(YAML::Mark()).file, limits);
    if (parser.HandleNextDocument(second))
      second.take().fail("a file holds one document; put the second one ('---') into a file of its own");
    return root;
  } catch (const YAML::Exception& e) {
    const Place place = builder.at(e.mark);
    if (const auto tab = indenting_tab(text, place.line))
      throw FileError({place.file, place.line, *tab}, "a tab indents this line; YAML takes spaces only");
    throw FileError(place, "not YAML: " + e.msg);
  }
}

}  // namespace phx::scenario
