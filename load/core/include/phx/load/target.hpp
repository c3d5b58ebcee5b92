#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_fwd.hpp>

#include <tl/expected.hpp>

/// Figures of the server under load, beside those of the load: /proc of a local process, Prometheus text of any.
namespace phx::load {

/// What /proc says of a process at one moment.
struct ProcessReading {
  double cpu_seconds = 0;  ///< of all its threads since it began
  std::uint64_t resident_bytes = 0, threads = 0;
  std::optional<std::uint64_t> descriptors{};  ///< only the owner and root may count them
  std::uint64_t context_switches = 0;
};
/// The text of /proc/PID/stat: CPU, threads, memory. Errors: one line that says what is wrong with it.
tl::expected<ProcessReading, std::string> parse_proc_stat(std::string_view stat, double ticks_per_second, std::uint64_t page_bytes);
/// Voluntary and other switches of one thread, from /proc/PID/task/TID/status; 0 where it says nothing.
std::uint64_t parse_context_switches(std::string_view status);

/// One name of a Prometheus exposition, all its label sets added up. Histograms and summaries have their `_count` and `_sum` only.
struct PrometheusFigure {
  std::string name;
  bool counter = false;
  double value = 0;
  bool operator==(const PrometheusFigure&) const = default;
};
/// In the order of the text. Errors: "line 3: ..." for what is not text format 0.0.4.
tl::expected<std::vector<PrometheusFigure>, std::string> parse_prometheus(std::string_view text);

/// What was read, on the time axis of the run.
class TargetLog {
 public:
  /// chosen: names of Prometheus figures; empty: the first `most_figures` of the first answer.
  explicit TargetLog(std::vector<std::string> chosen = {});

  void process(double t, const ProcessReading& reading);
  void metrics(double t, const std::vector<PrometheusFigure>& figures);
  /// Kept once, however often it happens.
  void trouble(const std::string& what);
  /// Troubles since the last call.
  std::vector<std::string> take_news();

  /// {"units": {name: "cores"|"bytes"|"per second"|"count"}, "series": [{"t", "values": {name: number}}], "trouble": [...]}
  Json to_json() const;
  /// "server: 0.85 cores, 45.1 MB, 510 descriptors"; empty while nothing is known of the process.
  std::string note() const;

  static constexpr std::size_t most_figures = 12;

 private:
  void put(double t, const std::string& name, const char* unit, double value);
  struct Before {
    double t = 0, value = 0;
  };
  /// Per second since the last reading; nullopt for the first, and where a counter began anew.
  std::optional<double> rate(const std::string& name, double t, double value);

  std::vector<std::string> chosen_;
  bool choose_;
  std::map<std::string, std::string> units_;
  std::map<std::uint32_t, std::map<std::string, double>> series_;  // by second
  std::map<std::string, Before> before_;
  std::vector<std::string> trouble_;
  std::size_t told_ = 0;  // of trouble_
};

}  // namespace phx::load
