#include <phx/core/json.hpp>

#include <cmath>
#include <deque>
#include <stdexcept>
#include <vector>

#include <phx/core/json_text.hpp>

namespace phx {
namespace {

/// Builds the value from parser events; keeps the first of equal keys.
class FirstKeyWins final : public nlohmann::json_sax<Json> {
 public:
  explicit FirstKeyWins(Json& root) : root_(root) {}

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(number_integer_t value) override { return scalar(value); }
  bool number_unsigned(number_unsigned_t value) override { return scalar(value); }
  bool number_float(number_float_t value, const string_t&) override { return scalar(value); }
  bool string(string_t& value) override { return scalar(std::move(value)); }
  bool binary(binary_t& value) override { return scalar(std::move(value)); }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto [at, fresh] = open_.back()->get_ref<Json::object_t&>().try_emplace(std::move(name));
    slot_ = fresh ? &at->second : &dropped_.emplace_back();
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override { return false; }

 private:
  template <class V>
  Json& put(V&& value) {
    if (open_.empty()) return root_ = std::forward<V>(value);
    if (auto* array = open_.back()->get_ptr<Json::array_t*>()) return array->emplace_back(std::forward<V>(value));
    return *slot_ = std::forward<V>(value);
  }

  template <class V>
  bool scalar(V&& value) {
    put(std::forward<V>(value));
    return true;
  }

  bool open(Json container) {
    Json& placed = put(std::move(container));
    open_.push_back(&placed);
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  Json& root_;
  std::deque<Json> dropped_;  // values of repeated keys; their inner containers may still be open
  Json* slot_ = nullptr;
  std::vector<Json*> open_;
};

/// Writes without recursion: payloads may be nested 10'000 deep.
class Writer {
 public:
  explicit Writer(const Json& root) {
    value(root);
    while (!open_.empty()) step();
  }

  std::string take() { return std::move(out_); }

 private:
  struct Open {
    const Json* container;
    Json::const_iterator next;
  };

  void step() {
    auto& top = open_.back();
    const bool object = top.container->is_object();
    if (top.next == top.container->cend()) {
      out_ += object ? '}' : ']';
      open_.pop_back();
      return;
    }
    if (top.next != top.container->cbegin()) out_ += ',';
    if (object) {
      text(top.next.key());
      out_ += ':';
    }
    value(*top.next++);
  }

  void value(const Json& json) {
    switch (json.type()) {
      case Json::value_t::object:
      case Json::value_t::array:
        out_ += json.is_object() ? '{' : '[';
        open_.push_back({&json, json.cbegin()});
        return;
      case Json::value_t::string: return text(json.get_ref<const std::string&>());
      case Json::value_t::number_float:
        if (!std::isfinite(json.get<double>())) throw std::invalid_argument("NaN and infinity have no JSON form");
        break;
      case Json::value_t::null:
      case Json::value_t::boolean:
      case Json::value_t::number_integer:
      case Json::value_t::number_unsigned: break;
      case Json::value_t::binary: throw std::invalid_argument("bytes have no JSON form");
      case Json::value_t::discarded: throw std::invalid_argument("a discarded value has no JSON form");
    }
    out_ += json.dump();
  }

  void text(const std::string& string) {
    if (!core::is_utf8(string)) throw std::invalid_argument("a string is not valid UTF-8");
    core::append_json_string(out_, string);
  }

  std::string out_;
  std::vector<Open> open_;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
  // nlohmann takes a byte order mark and stops at a NUL; the check refuses both.
  if (const auto error = core::check_json(text)) return tl::unexpected(error);
  Json root;
  FirstKeyWins handler(root);
  if (!Json::sax_parse(text.begin(), text.end(), &handler)) return failure(Errc::bad_json);
  return root;
}

std::string to_json_text(const Json& value) { return Writer(value).take(); }

}  // namespace phx
