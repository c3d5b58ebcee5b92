#include <phx/load/panel.hpp>

#include <phx/load/figure_text.hpp>
#include <phx/scenario/mask.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "page.hpp"

namespace phx::load {
namespace {

using report::bytes_text;
using report::count_text;
using report::format;

constexpr std::size_t label_width = 12, chart_seconds = 20;

std::uint64_t of(const Second& s, Counter c) { return s.counters[static_cast<std::size_t>(c)]; }

/// Characters, not bytes.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0) != 0x80 && seen++ == columns) break;
  }
  text = text.substr(0, at);
  return std::string(text.substr(0, text.find_last_not_of(' ') + 1));
}

std::string clock_text(double s) {
  const auto whole = static_cast<long>(std::lround(s));
  return whole < 120 ? format("%ld s", whole) : format("%ld:%02ld min", whole / 60, whole % 60);
}

/// A line: a dim label, then text.
class Lines {
 public:
  explicit Lines(const PanelLook& look) : look_(look) {}

  void title(const std::string& text) { out_.push_back(paint("\033[1m", cut(text, look_.columns))); }
  void plain(const std::string& text) { out_.push_back(cut(text, look_.columns)); }
  void row(std::string label, const std::string& text, bool bad = false) {
    label.resize(std::min(label_width, look_.columns), ' ');
    const std::string rest = cut(text, look_.columns - label.size());
    out_.push_back(paint("\033[36m", label) + (bad ? paint("\033[31m", rest) : rest));
  }
  std::vector<std::string> take() { return std::move(out_); }

 private:
  std::string paint(const char* code, const std::string& text) const {
    return look_.colour && !text.empty() ? code + text + "\033[0m" : text;
  }
  const PanelLook& look_;
  std::vector<std::string> out_;
};

class Panel {
 public:
  Panel(const PanelFigures& f, const PanelLook& look) : f_(f), look_(look), lines_(look), last_(f.series.rbegin()->second) {
    for (const Stage& s : f.stages) length_ += seconds(s.length);
  }

  std::vector<std::string> draw() {
    lines_.title(f_.name + " on " + scenario::mask_url(f_.url));
    lines_.plain(progress());
    lines_.row("users", format("%llu of %u joined, %llu connected", static_cast<unsigned long long>(last_.joined), f_.users,
                               static_cast<unsigned long long>(last_.connected)));
    rate("joins", {Counter::joins}, Second::join);
    rate("pushes", {Counter::pushes, Counter::published}, Second::latencies);
    rate("replies", {Counter::replies}, Second::reply);
    rate("deliveries", {Counter::deliveries}, Second::delivery);
    rate("scenarios", {Counter::scenarios}, Second::latencies);
    errors();
    lines_.row("generator", format("%.2f cores, ", last_.cpu) + "lag " + time_text(static_cast<double>(last_.lag_max_us)) + ", " +
                                bytes_text(static_cast<double>(last_.backlog_bytes)) + " unsent");
    for (const std::string& note : f_.notes) lines_.plain(note);
    return lines_.take();
  }

 private:
  std::string progress() const {
    const double t = last_.t + 1.0, share = length_ > 0 ? std::min(1.0, t / length_) : 1.0;
    std::string text = t >= length_ ? clock_text(length_) + " are over, finishing what is under way"
                                    : clock_text(t) + " of " + clock_text(length_) + ", " + clock_text(length_ - t) + " left";
    if (const std::string stage = stage_at(t); !stage.empty()) text += ", " + stage;
    const std::size_t room = look_.columns > width_of(text) + 5 ? std::min<std::size_t>(40, look_.columns - width_of(text) - 4) : 0;
    if (room < 8) return text;
    const auto full = static_cast<std::size_t>(std::lround(share * static_cast<double>(room)));
    return "[" + std::string(full, '#') + std::string(room - full, '.') + "] " + text;
  }

  std::string stage_at(double t) const {
    if (f_.stages.size() < 2) return {};
    for (std::size_t i = 0; i < f_.stages.size(); ++i) {
      t -= seconds(f_.stages[i].length);
      if (t < 0 || i + 1 == f_.stages.size())
        return "stage " + std::to_string(i + 1) + "/" + std::to_string(f_.stages.size()) + " " + f_.stages[i].name;
    }
    return {};
  }

  /// Nothing is said of what has never happened.
  void rate(const char* label, std::initializer_list<Counter> counters, Second::Latency latency) {
    const auto n = [&](const Second& s) {
      return std::accumulate(counters.begin(), counters.end(), std::uint64_t{0},
                             [&](std::uint64_t sum, Counter c) { return sum + of(s, c); });
    };
    std::uint64_t all = 0;
    for (const auto& [t, second] : f_.series) all += n(second);
    if (all == 0) return;
    std::string text = count_text(static_cast<double>(n(last_))) + "/s";
    text.resize(std::max<std::size_t>(text.size() + 1, 12), ' ');
    if (latency != Second::latencies) text += percentiles(latency);
    text.resize(std::max<std::size_t>(text.size() + 1, 58), ' ');
    lines_.row(label, text + chart(n));
  }

  std::string percentiles(Second::Latency latency) const {
    for (auto at = f_.series.rbegin(); at != f_.series.rend(); ++at) {
      if (at->second.cells[latency].empty()) continue;
      std::string out;
      for (const double p : {50.0, 90.0, 99.0}) {
        std::string one = format("p%.0f ", p) + time_text(static_cast<double>(at->second.percentile_ns(latency, p)) / 1000);
        one.resize(std::max<std::size_t>(one.size() + 1, 15), ' ');
        out += one;
      }
      return out;
    }
    return {};
  }

  /// The last seconds, one character each.
  std::string chart(const auto& n) const {
    static constexpr const char* bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    if (!look_.unicode) return {};
    std::vector<std::uint64_t> values;
    for (auto at = f_.series.rbegin(); at != f_.series.rend() && values.size() < chart_seconds; ++at) values.push_back(n(at->second));
    const std::uint64_t most = std::max<std::uint64_t>(1, *std::max_element(values.begin(), values.end()));
    std::string out;
    for (auto at = values.rbegin(); at != values.rend(); ++at) out += bars[*at * 7 / most];
    return out;
  }

  void errors() {
    std::uint64_t all = 0;
    for (const auto& [t, second] : f_.series) all += second.errors;
    lines_.row("errors", count_text(static_cast<double>(all)) + " in all, " + count_text(static_cast<double>(last_.errors)) + "/s",
               last_.errors > 0);
  }

  const PanelFigures& f_;
  const PanelLook& look_;
  Lines lines_;
  const Second& last_;
  double length_ = 0;
};

}  // namespace

std::vector<std::string> panel(const PanelFigures& figures, const PanelLook& look) {
  if (figures.series.empty()) return {cut(figures.name + " begins", look.columns)};
  return Panel(figures, look).draw();
}

std::string panel_line(const PanelFigures& f) {
  if (f.series.empty()) return f.name + " begins";
  const Second& s = f.series.rbegin()->second;
  double length = 0;
  for (const Stage& stage : f.stages) length += seconds(stage.length);
  const auto n = [&](Counter c) { return static_cast<unsigned long long>(of(s, c)); };
  const auto ms = [&](Second::Latency l) { return static_cast<double>(s.percentile_ns(l, 99)) / 1e6; };
  std::string out = format(
      "%4us of %.0fs  joined %llu/%u  joins %llu/s  pushes %llu/s  replies %llu/s (p99 %.1f ms)  deliveries %llu/s (p99 %.1f ms)  errors "
      "%llu  lag %.1f ms",
      s.t + 1, length, static_cast<unsigned long long>(s.joined), f.users, n(Counter::joins), n(Counter::pushes) + n(Counter::published),
      n(Counter::replies), ms(Second::reply), n(Counter::deliveries), ms(Second::delivery), static_cast<unsigned long long>(s.errors),
      static_cast<double>(s.lag_max_us) / 1000);
  for (const std::string& note : f.notes) out += "  " + note;
  return out;
}

}  // namespace phx::load
