#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fstream>
#include <stdexcept>

#include <sys/stat.h>

#include <phx/core/json.hpp>
#include <phx/core/json_text.hpp>
#include <phx/server/controller.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/query.hpp>
#include <phx/server/shard.hpp>

#include "http_head.hpp"
#include "socket_request.hpp"

namespace phx::server::plug {

namespace {

namespace fs = std::filesystem;

struct MimeType {
  std::string_view extension, type;
};
constexpr auto mime_types = std::to_array<MimeType>({
    {".css", "text/css"},          {".csv", "text/csv"},         {".gif", "image/gif"},       {".html", "text/html"},
    {".ico", "image/x-icon"},      {".jpeg", "image/jpeg"},      {".jpg", "image/jpeg"},      {".js", "text/javascript"},
    {".json", "application/json"}, {".map", "application/json"}, {".mjs", "text/javascript"}, {".pdf", "application/pdf"},
    {".png", "image/png"},         {".svg", "image/svg+xml"},    {".txt", "text/plain"},      {".wasm", "application/wasm"},
    {".webp", "image/webp"},       {".woff", "font/woff"},       {".woff2", "font/woff2"},    {".xml", "text/xml"},
});

std::string content_type(const fs::path& file) {
  const auto extension = detail::lower_case(file.extension().string());
  const auto found = std::ranges::find(mime_types, extension, &MimeType::extension);
  if (found == mime_types.end()) return "application/octet-stream";
  return std::string(found->type) + (found->type.starts_with("text/") ? "; charset=utf-8" : "");
}

struct Range {
  std::uint64_t first, last;
};

/// One `bytes=a-b`, `a-` or `-n`. unsatisfiable: nothing of the file is in it.
struct RangeAnswer {
  std::optional<Range> range;
  bool unsatisfiable = false;
};

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return out;
}

RangeAnswer read_range(std::string_view header, std::uint64_t size) {
  if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos) return {};
  header.remove_prefix(6);
  const auto dash = header.find('-');
  if (dash == std::string_view::npos) return {};
  const auto from = number(header.substr(0, dash)), to = number(header.substr(dash + 1));
  if (dash == 0) {
    if (!to) return {};
    if (*to == 0 || size == 0) return {.range = {}, .unsatisfiable = true};
    return {.range = Range{size - std::min(*to, size), size - 1}};
  }
  if (!from || (dash + 1 < header.size() && !to) || (to && *to < *from)) return {};
  if (*from >= size) return {.range = {}, .unsatisfiable = true};
  return {.range = Range{*from, std::min(to.value_or(size - 1), size - 1)}};
}

std::string read_part(const fs::path& file, std::uint64_t offset, std::uint64_t length) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset));
  std::string out(length, '\0');
  in.read(out.data(), static_cast<std::streamsize>(length));
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return out;
}

class StaticFiles {
 public:
  explicit StaticFiles(StaticOptions options) : options_(std::move(options)), at_(detail::split_path(options_.at)) {
    std::error_code ec;
    root_ = fs::canonical(options_.from, ec);
    if (ec || !fs::is_directory(root_)) throw std::invalid_argument("plug::static_files: no folder " + options_.from.string());
  }

  /// The file's name below the folder; nullopt: not ours. Throws HttpError 400 for what is no plain name.
  std::optional<fs::path> name(const Conn& conn) const {
    if ((conn.method != "GET" && conn.method != "HEAD") || conn.path_info.size() <= at_.size()) return std::nullopt;
    if (!std::equal(at_.begin(), at_.end(), conn.path_info.begin())) return std::nullopt;
    fs::path out;
    for (auto i = at_.size(); i < conn.path_info.size(); ++i) {
      const auto segment = percent_decode(conn.path_info[i]);
      const bool first = i == at_.size();
      if (first && !options_.only.empty() && std::ranges::find(options_.only, segment) == options_.only.end()) return std::nullopt;
      const bool foreign = segment.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos || !core::is_utf8(segment);
      if (segment.empty() || segment == "." || segment == ".." || foreign) throw HttpError(400, "invalid path of a static file");
      if (segment.front() == '.') return std::nullopt;
      out /= segment;
    }
    return out;
  }

  /// On any thread. Leaves the Conn as it is when there is no such file.
  void serve(Conn& conn, const fs::path& name) const {
    std::error_code ec;
    const auto file = fs::canonical(root_ / name, ec);  // links may not lead out
    if (ec || !below_root(file)) return;
    struct stat info {};
    if (::stat(file.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size > options_.max_bytes) return;
    conn.put_resp_header("cache-control", options_.cache_control);
    conn.put_resp_header("accept-ranges", "bytes");
    const auto etag =
        "\"" + std::to_string(size) + "-" + std::to_string(info.st_mtim.tv_sec) + "-" + std::to_string(info.st_mtim.tv_nsec) + "\"";
    if (not_modified(conn, {.etag = etag, .last_modified = info.st_mtim.tv_sec})) return;
    conn.prepend_resp_header("content-type", content_type(file));
    send(conn, file, size, etag);
  }

 private:
  bool below_root(const fs::path& file) const {
    return std::mismatch(root_.begin(), root_.end(), file.begin(), file.end()).first == root_.end();
  }

  static void send(Conn& conn, const fs::path& file, std::uint64_t size, const std::string& etag) {
    const auto if_range = conn.req_header("if-range");
    const auto answer = !if_range || *if_range == etag ? read_range(conn.req_header("range").value_or(""), size) : RangeAnswer{};
    const auto total = "/" + std::to_string(size);
    if (answer.unsatisfiable) {
      conn.put_resp_header("content-range", "bytes *" + total);
      return conn.send_resp(416);
    }
    if (!answer.range) return conn.send_resp(200, read_part(file, 0, size));
    const auto [first, last] = *answer.range;
    conn.put_resp_header("content-range", "bytes " + std::to_string(first) + "-" + std::to_string(last) + total);
    conn.send_resp(206, read_part(file, first, last - first + 1));
  }

  StaticOptions options_;
  detail::Segments at_;
  fs::path root_;
};

/// On the pool, then back on the connection's worker.
void serve_on_pool(const std::shared_ptr<const StaticFiles>& files, const fs::path& name, Conn conn, const Answer& answer) {
  Shard& shard = *conn.shard;
  const auto held = std::make_shared<Conn>(std::move(conn));  // std::function copies what it holds
  try {
    shard.blocking_executor()->submit([files, name, held, answer, &shard] {
      try {
        files->serve(*held, name);
      } catch (...) { held->fail(std::current_exception()); }
      shard.post([held, answer] { answer(std::move(*held)); });
    });
  } catch (...) {
    held->fail(std::current_exception());
    answer(std::move(*held));
  }
}

}  // namespace

Plug static_files(StaticOptions options) {
  const auto files = std::make_shared<const StaticFiles>(std::move(options));
  return [files](Conn conn) {
    const auto name = files->name(conn);
    if (!name) return conn;
    if (!conn.shard->blocking_executor())
      files->serve(conn, *name);
    else
      conn.answer_later(
          [files, name = *name](Conn waiting, const Answer& answer) { serve_on_pool(files, name, std::move(waiting), answer); });
    return conn;
  };
}

}  // namespace phx::server::plug
