#include <algorithm>
#include <map>
#include <stdexcept>

#include <phx/core/json.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/query.hpp>

#include "http_head.hpp"

namespace phx::server::plug {

namespace {

struct Format {
  std::string name, mime;
};

struct Entry {
  std::string mime;
  double quality = 1;
};

std::string mime_of(const std::string& format) {
  static const std::map<std::string, std::string, std::less<>> known{{"json", "application/json"},
                                                                     {"html", "text/html"},
                                                                     {"text", "text/plain"},
                                                                     {"xml", "text/xml"},
                                                                     {"csv", "text/csv"},
                                                                     {"js", "application/javascript"},
                                                                     {"event-stream", "text/event-stream"}};
  if (const auto found = known.find(format); found != known.end()) return found->second;
  if (format.find('/') != std::string::npos) return format;
  throw std::invalid_argument("plug::accepts: no MIME type is known for " + format);
}

std::string trimmed(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return detail::lower_case(text.substr(0, text.find_last_not_of(" \t") + 1));
}

/// Entries of an accept header by falling q, equal ones in their order; what is no type is left out.
std::vector<Entry> read_accept(std::string_view header) {
  std::vector<Entry> out;
  while (!header.empty()) {
    const auto item = header.substr(0, header.find(','));
    header.remove_prefix(std::min(item.size() + 1, header.size()));
    Entry entry{trimmed(item.substr(0, item.find(';')))};
    if (entry.mime.find('/') == std::string::npos) continue;
    const auto parameters = trimmed(item.substr(std::min(item.find(';'), item.size())));
    if (const auto q = parameters.find("q="); q != std::string::npos) {
      char* end = nullptr;
      const char* digits = parameters.c_str() + q + 2;
      entry.quality = std::strtod(digits, &end);
      if (end == digits || !(entry.quality >= 0 && entry.quality <= 1)) entry.quality = 0;
    }
    out.push_back(std::move(entry));
  }
  std::ranges::stable_sort(out, std::greater<>{}, &Entry::quality);
  return out;
}

bool fits(const std::string& wanted, const std::string& offered) {
  if (wanted == "*/*" || wanted == offered) return true;
  if (wanted.ends_with("/*")) return offered.starts_with(wanted.substr(0, wanted.size() - 1));
  return offered == "application/json" && wanted.starts_with("application/") && wanted.ends_with("+json");
}

const Format* choose(const std::vector<Format>& formats, std::string_view accept) {
  if (accept.empty() || accept == "*/*") return &formats.front();
  const auto html = std::ranges::find(formats, "html", &Format::name);
  if (accept.find("*/*") != std::string_view::npos && html != formats.end()) return &*html;  // what browsers send
  for (const auto& entry : read_accept(accept)) {
    if (entry.quality == 0) continue;
    for (const auto& format : formats)
      if (fits(entry.mime, format.mime)) return &format;
  }
  return nullptr;
}

}  // namespace

Plug accepts(std::vector<std::string> names) {
  if (names.empty()) throw std::invalid_argument("plug::accepts: no formats");
  std::vector<Format> formats;
  formats.reserve(names.size());
  for (const auto& name : names) formats.push_back({name, mime_of(name)});
  return [formats = std::move(formats)](Conn conn) {
    const Format* chosen = nullptr;
    if (const auto param = conn.params().find("_format"); param != conn.params().end()) {
      const auto known =
          param->is_string() ? std::ranges::find(formats, param->get_ref<const std::string&>(), &Format::name) : formats.end();
      if (known != formats.end()) chosen = &*known;
    } else {
      chosen = choose(formats, conn.req_header("accept").value_or(""));
    }
    if (!chosen) throw HttpError(406, "no acceptable format");
    conn.format = chosen->name;
    return conn;
  };
}

}  // namespace phx::server::plug
