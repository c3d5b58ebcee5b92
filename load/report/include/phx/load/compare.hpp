#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/load/loaded_result.hpp>

namespace phx::load {

enum class Verdict : unsigned char { same, better, worse, unknown };
std::string_view verdict_name(Verdict) noexcept;

struct CompareOptions {
  double threshold = 0.05;         ///< smaller changes are `same`, however certain
  std::uint64_t least_count = 30;  ///< of a latency with fewer values nothing is said
};

/// A figure and the 95 % interval it is known to.
struct Estimate {
  double value = 0, low = 0, high = 0;
};
enum class FigureUnit : unsigned char { microseconds, per_second, share, count };

struct ComparedFigure {
  std::string name{};
  FigureUnit unit{};
  Estimate before{}, after{};
  std::optional<double> change{};  ///< of `before`; nullopt when that was 0
  Verdict verdict{};
  std::string why{};  ///< what the verdict rests on
};

/// One run against the baseline.
///
/// A figure is better or worse when it moved by more than the threshold AND the 95 % intervals of both runs do not overlap:
///   percentiles   interval of the order statistic: the values at ranks n q -+ 1.96 sqrt(n q (1 - q)) of the raw histogram
///   rates         mean of the run's seconds -+ 1.96 standard errors
///   error rate    Wilson's interval of a proportion
///   lost, duplicate, out of order: exact counts, so any rise of their share of the expected is worse
/// These intervals know nothing of what changes from run to run (machine, caches, neighbours): repeat the runs to learn that.
struct Comparison {
  std::string baseline, file;
  std::vector<ComparedFigure> figures;
  std::vector<std::string> caveats;  ///< other plan, overloaded generator, ended early
  std::size_t count(Verdict verdict) const noexcept;
};
Comparison compare(const LoadedResult& baseline, const LoadedResult& other, const CompareOptions& options = {});

std::string compare_text(const std::vector<Comparison>& comparisons);
Json compare_json(const std::vector<Comparison>& comparisons);
/// At most html_limit bytes. results: the baseline and the others, as compared.
std::string compare_html(const std::vector<LoadedResult>& results, const std::vector<Comparison>& comparisons);

}  // namespace phx::load
