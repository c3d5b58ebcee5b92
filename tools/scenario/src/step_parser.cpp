#include "step_parser.hpp"

#include <phx/core/json.hpp>

#include <algorithm>
#include <filesystem>

namespace phx::scenario {
namespace {

constexpr std::size_t max_includes = 20;
constexpr std::int64_t max_times = 1'000'000'000;

bool is_name(const std::string& text) {
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::ranges::all_of(text, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; });
}

std::string joined_path(const std::string& file, const std::string& included) {
  return (std::filesystem::path(file).parent_path() / included).lexically_normal().string();
}

}  // namespace

SourceLines::SourceLines(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines_.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::string SourceLines::line(std::size_t number) const {
  return number >= 1 && number <= lines_.size() ? lines_[number - 1] : std::string();
}

const std::vector<StepParser::Word>& StepParser::words() {
  static const std::vector<Word> all = {
      {"connect", &StepParser::connect},  {"join", &StepParser::join},     {"push", &StepParser::push},
      {"leave", &StepParser::leave},      {"expect", &StepParser::expect}, {"refute", &StepParser::refute},
      {"wait", &StepParser::wait},        {"http", &StepParser::http},     {"disconnect", &StepParser::disconnect},
      {"set", &StepParser::set},          {"sync", &StepParser::sync},     {"repeat", &StepParser::repeat},
      {"parallel", &StepParser::parallel}};
  return all;
}

Steps StepParser::steps(const Yaml& list, const SourceLines& lines) {
  const SourceLines* before = std::exchange(lines_, &lines);
  Steps out;
  for (const Yaml& y : list.items()) step(y, lines, out);
  lines_ = before;
  return out;
}

void StepParser::step(const Yaml& y, const SourceLines& lines, Steps& out) {
  const Yaml* body = nullptr;
  std::string word;
  Place place = y.place();
  static const Yaml nothing = Yaml::parse("~", "");
  if (y.is_scalar() && y.tag().empty()) {
    word = y.text();
    body = &nothing;
  } else {
    const auto entries = y.entries();
    if (entries.size() != 1)
      y.fail("a step has one word, as in '- wait: 200ms'; begin each with '-' in a line of its own, and indent what belongs to it");
    word = entries[0].key;
    body = &entries[0].value;
    place = entries[0].place;
  }
  if (word == "include") return include(*body, out);
  const auto known = std::ranges::find(words(), word, &Word::name);
  if (known == words().end()) {
    std::vector<std::string_view> candidates{"include"};
    for (const Word& w : words()) candidates.push_back(w.name);
    throw FileError(place, "unknown step '" + word + "'" + suggestion(word, candidates));
  }
  if (y.is_scalar() && word != "connect" && word != "disconnect")
    throw FileError(place, "the step '" + word + "' needs a value, as in '- " + word + ": ...'");
  Step step{.kind = WaitStep{}, .place = place, .source = lines.line(place.line)};
  step.kind = (this->*known->parse)(*body, step);
  out.push_back(std::move(step));
}

void StepParser::include(const Yaml& y, Steps& out) {
  const std::string path = joined_path(*y.place().file, y.string());
  if (std::ranges::find(including_, path) != including_.end()) y.fail("'" + path + "' includes itself");
  if (including_.size() >= max_includes) y.fail("includes are nested deeper than " + std::to_string(max_includes));
  std::string text;
  try {
    text = sources_.read(path);
  } catch (const FileError& e) { y.fail("cannot include '" + path + "': " + e.message()); }
  including_.push_back(path);
  const SourceLines lines(text);
  for (Step& step : steps(Yaml::parse(text, path), lines)) out.push_back(std::move(step));
  including_.pop_back();
}

/// `within` and `capture`.
void StepParser::common(const Yaml& y, Step& step) {
  if (const Yaml* within = y.find("within")) step.within = within->duration();
  const Yaml* capture = y.find("capture");
  if (capture == nullptr) return;
  for (const Yaml::Entry& e : capture->entries()) {
    if (!is_name(e.key)) throw FileError(e.place, "'" + e.key + "' is no name for a variable: letters, digits and _");
    const std::string pointer = e.value.is_null() ? "" : e.value.string();
    if (!pointer.empty() && pointer[0] != '/')
      e.value.fail("a capture is a JSON pointer that begins with '/', as in /user/id; \"\" is the whole");
    step.capture.emplace_back(e.key, pointer);
  }
}

std::string StepParser::channel(const Yaml& y) const {
  std::string name = y.string();
  if (std::ranges::find(channels_, name) != channels_.end()) return name;
  if (channels_.empty()) y.fail("no channel is joined here; put '- join: { topic: ... }' in front");
  const std::vector<std::string_view> known(channels_.begin(), channels_.end());
  y.fail("no channel '" + name + "' is joined here" + suggestion(name, known));
}

std::string StepParser::optional_channel(const Yaml& y) const {
  if (const Yaml* on = y.find("on")) return channel(*on);
  return channels_.size() == 1 ? channels_[0] : std::string();
}

Pattern StepParser::payload(const Yaml& y) const {
  const Yaml* value = y.find("payload");
  return value != nullptr ? Pattern::from_yaml(*value, names_) : Pattern();
}

JsonTemplate StepParser::json(const Yaml& y, std::string_view key) const {
  const Yaml* value = y.find(key);
  return value != nullptr ? JsonTemplate::from_yaml(*value, names_) : JsonTemplate();
}

std::vector<std::pair<std::string, Template>> StepParser::headers(const Yaml& y) const {
  std::vector<std::pair<std::string, Template>> out;
  const Yaml* headers = y.find("headers");
  if (headers == nullptr) return out;
  for (const Yaml::Entry& e : headers->entries()) out.emplace_back(e.key, Template::from_yaml(e.value, names_));
  return out;
}

Step::Kind StepParser::connect(const Yaml& y, Step& step) {
  if (!connects_) throw FileError(step.place, "only actors connect; the setup may use http, set and wait");
  ConnectStep out;
  connected_ = true;
  channels_.clear();
  if (y.is_null()) return out;
  y.only_keys({"url", "params", "auth_token", "headers", "transport", "vsn", "expect", "within"});
  common(y, step);
  if (const Yaml* url = y.find("url")) out.url = Template::from_yaml(*url, names_);
  if (const Yaml* params = y.find("params"); params != nullptr && !params->is_mapping())
    params->fail("params are a mapping, as in { user_id: ada }");
  out.params = json(y, "params");
  if (const Yaml* token = y.find("auth_token")) out.auth_token = Template::from_yaml(*token, names_);
  out.headers = headers(y);
  if (const Yaml* transport = y.find("transport")) {
    const std::string word = transport->one_of({"websocket", "longpoll", "auto"});
    out.transport = word == "longpoll" ? TransportWish::longpoll : word == "auto" ? TransportWish::automatic : TransportWish::websocket;
  }
  if (const Yaml* vsn = y.find("vsn")) out.vsn = vsn->one_of({"1.0.0", "2.0.0"});
  if (const Yaml* expect = y.find("expect")) {
    if (expect->is_scalar()) {
      out.refused = expect->one_of({"refused", "ok"}) == "refused";
    } else {
      expect->only_keys({"refused"});
      out.refused = true;
      out.refused_status = static_cast<int>(expect->at("refused").integer(100, 599));
    }
  }
  connected_ = !out.refused;
  return out;
}

ReplyExpectation StepParser::reply(const Yaml& y, Step& step) {
  ReplyExpectation out;
  if (y.is_scalar()) {
    out.status = y.string();
    return out;
  }
  y.only_keys({"status", "response", "within", "capture"});
  if (const Yaml* status = y.find("status")) out.status = status->tag() == "any" ? "any" : status->string();
  if (const Yaml* response = y.find("response")) out.response = Pattern::from_yaml(*response, names_);
  common(y, step);
  return out;
}

Step::Kind StepParser::join(const Yaml& y, Step& step) {
  if (!connected_) throw FileError(step.place, "not connected here; put '- connect: {}' in front");
  JoinStep out;
  const bool text = y.is_scalar();
  if (!text) {
    y.only_keys({"topic", "as", "payload", "expect", "within", "capture"});
    common(y, step);
    out.payload = json(y, "payload");
  }
  const Yaml& topic = text ? y : y.at("topic");
  if (topic.is_scalar() && topic.text().empty()) topic.fail("a topic cannot be empty");
  out.topic = Template::from_yaml(topic, names_);
  const Yaml* as = text ? nullptr : y.find("as");
  out.as = as != nullptr ? as->string() : topic.text();
  if (std::ranges::find(channels_, out.as) != channels_.end())
    (as != nullptr ? *as : topic).fail("a channel '" + out.as + "' is joined already; leave it, or give this one another 'as'");
  if (const Yaml* expect = text ? nullptr : y.find("expect")) out.expect = reply(*expect, step);
  if (out.expect.status == "ok" || out.expect.status == "any") channels_.push_back(out.as);
  return out;
}

Step::Kind StepParser::push(const Yaml& y, Step& step) {
  y.only_keys({"on", "event", "payload", "expect", "within", "capture"});
  common(y, step);
  PushStep out;
  if (y.find("on") == nullptr && channels_.size() != 1)
    y.fail(channels_.empty() ? "no channel is joined here; put '- join: { topic: ... }' in front"
                             : "several channels are joined: say which with 'on'");
  out.on = optional_channel(y);
  out.event = Template::from_yaml(y.at("event"), names_);
  if (y.at("event").text().empty()) y.at("event").fail("an event cannot be empty");
  out.payload = json(y, "payload");
  if (const Yaml* expect = y.find("expect")) out.expect = reply(*expect, step);
  if (!out.expect && !step.capture.empty()) y.find("capture")->fail("there is no reply to capture from; add 'expect: { status: ok }'");
  return out;
}

Step::Kind StepParser::leave(const Yaml& y, Step& step) {
  LeaveStep out;
  if (y.is_scalar()) {
    out.on = channel(y);
  } else {
    y.only_keys({"on", "within"});
    common(y, step);
    out.on = channel(y.at("on"));
  }
  std::erase(channels_, out.on);
  return out;
}

Step::Kind StepParser::expect(const Yaml& y, Step& step) {
  y.only_keys({"on", "event", "payload", "presence", "closed", "within", "capture"});
  common(y, step);
  const auto kinds = (y.find("event") != nullptr) + (y.find("presence") != nullptr) + (y.find("closed") != nullptr);
  if (kinds != 1) y.fail("say what to expect: one of 'event', 'presence' and 'closed'");
  if (!connected_) throw FileError(step.place, "not connected here; put '- connect: {}' in front");
  if (const Yaml* closed = y.find("closed")) {
    connected_ = false;
    channels_.clear();
    return ExpectClosedStep{closed->is_null() ? Pattern::any() : Pattern::from_yaml(*closed, names_)};
  }
  if (const Yaml* presence = y.find("presence")) {
    if (optional_channel(y).empty()) y.fail("say whose presence with 'on'");
    return ExpectPresenceStep{optional_channel(y), Pattern::from_yaml(*presence, names_)};
  }
  const Yaml* on = y.find("on");
  return ExpectStep{on != nullptr ? channel(*on) : std::string(), y.at("event").string(), payload(y)};
}

Step::Kind StepParser::refute(const Yaml& y, Step& step) {
  y.only_keys({"on", "event", "payload", "for"});
  if (!connected_) throw FileError(step.place, "not connected here; put '- connect: {}' in front");
  const Yaml* on = y.find("on");
  return RefuteStep{on != nullptr ? channel(*on) : std::string(), y.at("event").string(), payload(y), y.at("for").duration()};
}

Step::Kind StepParser::wait(const Yaml& y, Step&) { return WaitStep{y.duration()}; }

Step::Kind StepParser::http(const Yaml& y, Step& step) {
  y.only_keys({"method", "url", "headers", "json", "body", "expect", "within", "capture"});
  common(y, step);
  HttpStep out;
  if (const Yaml* method = y.find("method")) out.method = method->one_of({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"});
  out.url = Template::from_yaml(y.at("url"), names_);
  out.headers = headers(y);
  if (y.find("json") != nullptr && y.find("body") != nullptr) y.find("body")->fail("a request has 'json' or 'body', not both");
  if (y.find("json") != nullptr) out.json = json(y, "json");
  if (const Yaml* body = y.find("body")) out.body = Template::from_yaml(*body, names_);
  if (const Yaml* expect = y.find("expect")) {
    expect->only_keys({"status", "response", "within", "capture"});
    common(*expect, step);
    if (const Yaml* status = expect->find("status")) out.status = Pattern::from_yaml(*status, names_);
    if (const Yaml* response = expect->find("response")) out.response = Pattern::from_yaml(*response, names_);
  }
  return out;
}

Step::Kind StepParser::disconnect(const Yaml& y, Step& step) {
  if (!connected_) throw FileError(step.place, "not connected here; put '- connect: {}' in front");
  if (!y.is_null()) y.only_keys({});
  connected_ = false;
  channels_.clear();
  return DisconnectStep{};
}

Step::Kind StepParser::set(const Yaml& y, Step&) {
  SetStep out;
  for (const Yaml::Entry& e : y.entries()) {
    if (!is_name(e.key)) throw FileError(e.place, "'" + e.key + "' is no name for a variable: letters, digits and _");
    out.variables.emplace_back(e.key, JsonTemplate::from_yaml(e.value, names_));
  }
  return out;
}

Step::Kind StepParser::sync(const Yaml& y, Step& step) {
  if (!connects_) throw FileError(step.place, "the setup is over before the actors begin; there is nobody to wait for");
  if (y.is_scalar()) return SyncStep{y.string()};
  y.only_keys({"point", "within"});
  common(y, step);
  return SyncStep{y.at("point").string()};
}

Step::Kind StepParser::repeat(const Yaml& y, Step&) {
  y.only_keys({"times", "every", "steps"});
  RepeatStep out;
  out.times = static_cast<std::uint64_t>(y.at("times").integer(0, max_times));
  if (const Yaml* every = y.find("every")) out.every = every->duration();
  out.steps = steps(y.at("steps"), *lines_);
  return out;
}

Step::Kind StepParser::parallel(const Yaml& y, Step&) {
  ParallelStep out;
  for (const Yaml& branch : y.items()) out.branches.push_back(steps(branch, *lines_));
  return out;
}

void collect_variables(const Yaml& y, std::set<std::string>& out) {
  if (y.tag() == "capture" && y.is_scalar()) out.insert(y.text());
  if (y.is_mapping()) {
    const Yaml plain = y.tag().empty() ? y : y.untagged();
    for (const Yaml::Entry& e : plain.entries()) {
      if ((e.key == "capture" || e.key == "set" || e.key == "vars") && e.value.is_mapping() && e.value.tag().empty())
        for (const Yaml::Entry& variable : e.value.entries()) out.insert(variable.key);
      collect_variables(e.value, out);
    }
  } else if (y.is_sequence()) {
    const Yaml plain = y.tag().empty() ? y : y.untagged();
    for (const Yaml& item : plain.items()) collect_variables(item, out);
  }
}

}  // namespace phx::scenario
