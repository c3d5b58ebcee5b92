#include <phx/load/plan.hpp>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>

#include <algorithm>

namespace phx::load {
namespace {

constexpr std::size_t max_rows = 10'000'000;

/// One record of a CSV file (RFC 4180) from `at` on. False: a quote is not closed.
bool next_record(std::string_view text, std::size_t& at, std::vector<std::string>& fields, std::size_t& lines) {
  fields.assign(1, {});
  bool quoted = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\n') ++lines;
    if (quoted) {
      if (c != '"')
        fields.back() += c;
      else if (at + 1 < text.size() && text[at + 1] == '"')
        fields.back() += text[++at];
      else
        quoted = false;
    } else if (c == '"' && fields.back().empty()) {
      quoted = true;
    } else if (c == ',') {
      fields.emplace_back();
    } else if (c == '\n') {
      ++at;
      return true;
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return !quoted;
}

tl::expected<std::vector<Json>, std::string> parse_csv(std::string_view text) {
  if (!core::is_utf8(text)) return tl::unexpected(std::string("the file is not UTF-8"));
  std::vector<Json> rows;
  std::vector<std::string> names, fields;
  std::size_t at = 0, line = 0;
  const auto wrong = [&](std::size_t where, const std::string& what) {
    return tl::unexpected("line " + std::to_string(where) + ": " + what);
  };
  if (text.starts_with("\xEF\xBB\xBF")) at = 3;
  if (!next_record(text, at, names, line)) return wrong(1, "a quote is not closed");
  while (at < text.size()) {
    const std::size_t begin = line + 1;
    if (!next_record(text, at, fields, line)) return wrong(begin, "a quote is not closed");
    if (fields.size() == 1 && fields[0].empty()) continue;
    if (fields.size() != names.size())
      return wrong(begin, std::to_string(fields.size()) + " fields, but the first line names " + std::to_string(names.size()));
    Json row = Json::object();
    for (std::size_t i = 0; i < names.size(); ++i) row[names[i]] = fields[i];
    rows.push_back(std::move(row));
    if (rows.size() > max_rows) return wrong(begin, "more than 10 million rows");
  }
  return rows;
}

tl::expected<std::vector<Json>, std::string> parse_lines(std::string_view text) {
  std::vector<Json> rows;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto row = parse_json(one);
    if (!row || !row->is_object()) return tl::unexpected("line " + std::to_string(line) + ": expected one JSON object");
    rows.push_back(std::move(*row));
  }
  return rows;
}

}  // namespace

tl::expected<std::vector<Json>, std::string> parse_rows(std::string_view text, bool csv) {
  auto rows = csv ? parse_csv(text) : parse_lines(text);
  if (!rows) return rows;
  if (rows->empty()) return tl::unexpected(std::string("no rows"));
  return rows;
}

}  // namespace phx::load
