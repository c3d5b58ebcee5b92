#include <phx/store/value.hpp>

#include <phx/store/schema.hpp>

#include <phx/core/json.hpp>

#include <cstdint>

namespace phx::store {

namespace {

using std::chrono::days;
using std::chrono::microseconds;

/// Reads fixed-width digits and separators off the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool digits(std::size_t count, int& out) {
    if (rest_.size() < count) return false;
    out = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_[i] < '0' || rest_[i] > '9') return false;
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool one_of(std::string_view chars, char& got) {
    if (rest_.empty() || chars.find(rest_.front()) == std::string_view::npos) return false;
    got = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  bool skip(char c) {
    char got;
    return one_of(std::string_view(&c, 1), got);
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

bool read_fraction(Reader& in, int& micros) {
  micros = 0;
  if (!in.skip('.')) return true;
  int digit = 0, count = 0;
  for (; count < 9 && in.digits(1, digit); ++count)
    if (count < 6) micros = micros * 10 + digit;
  for (int i = count; i < 6; ++i) micros *= 10;
  return count > 0;
}

bool read_offset(Reader& in, std::chrono::minutes& offset) {
  offset = {};
  if (in.done() || in.skip('Z') || in.skip('z')) return true;
  char sign;
  int hours = 0, minutes = 0;
  if (!in.one_of("+-", sign) || !in.digits(2, hours)) return false;
  if (!in.done() && (in.skip(':'), !in.digits(2, minutes))) return false;
  if (hours > 23 || minutes > 59) return false;
  offset = std::chrono::minutes(hours * 60 + minutes) * (sign == '-' ? -1 : 1);
  return true;
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  Reader in(text);
  int year, month, day, hour, minute, second = 0, micros = 0;
  char separator;
  std::chrono::minutes offset{};
  if (!in.digits(4, year) || !in.skip('-') || !in.digits(2, month) || !in.skip('-') || !in.digits(2, day)) return std::nullopt;
  if (!in.one_of("T t", separator) || !in.digits(2, hour) || !in.skip(':') || !in.digits(2, minute)) return std::nullopt;
  if (in.skip(':') && (!in.digits(2, second) || !read_fraction(in, micros))) return std::nullopt;
  if (!read_offset(in, offset) || !in.done()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const Timestamp time = std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                         std::chrono::seconds(second) + microseconds(micros) - offset;
  const auto back = std::chrono::year_month_day(std::chrono::floor<days>(time));  // the offset may leave the range
  if (back.year() < std::chrono::year(0) || back.year() > std::chrono::year(9999)) return std::nullopt;
  return time;
}

std::string format_timestamp(Timestamp time) {
  const auto midnight = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(midnight);
  if (date.year() < std::chrono::year(0) || date.year() > std::chrono::year(9999))
    throw std::out_of_range("a timestamp outside the years 0000 to 9999");
  const std::chrono::hh_mm_ss clock(time - midnight);
  std::string out = "0000-00-00T00:00:00.000000Z";
  const auto put = [&](std::size_t end, std::int64_t number) {  // lists have hundreds of them: printf takes ten times as long
    for (; number > 0; number /= 10) out[--end] = static_cast<char>('0' + number % 10);
  };
  put(4, static_cast<int>(date.year()));
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, clock.hours().count());
  put(16, clock.minutes().count());
  put(19, clock.seconds().count());
  put(26, clock.subseconds().count());
  return out;
}

Value::Value(const Json& json) : storage_(JsonText{to_json_text(json)}) {}

Json Value::json() const {
  const auto* held = get_if<JsonText>();
  if (!held) detail::throw_wrong_type();
  auto parsed = parse_json(held->text);
  if (!parsed) throw std::logic_error("a JSON value that is not JSON");
  return std::move(*parsed);
}

namespace detail {

void throw_wrong_type() { throw std::logic_error("a value of another type than its field"); }

void assign_json(Json& member, const Value& value) { member = value.is_null() ? Json() : value.json(); }

}  // namespace detail

const Field& SchemaView::at(std::string_view name) const {
  if (const Field* field = find(name)) return *field;
  throw std::invalid_argument("the schema of \"" + std::string(table) + "\" has no field \"" + std::string(name) + "\"");
}

}  // namespace phx::store
