#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <phx/server/plug.hpp>

namespace phx::fixture {

/// Serves files under exact paths, read once: pages and scripts for browser tests. entries: "/chat.html=path/of/chat.html".
/// Throws std::invalid_argument for an entry that is none, std::runtime_error for a file that cannot be read.
inline server::Plug serve_files(const std::vector<std::string>& entries) {
  struct File {
    std::string type, bytes;
  };
  std::map<std::string, File, std::less<>> files;
  for (const auto& entry : entries) {
    const auto equals = entry.find('=');
    if (equals == std::string::npos || !entry.starts_with('/')) throw std::invalid_argument("no URL_PATH=FILE: " + entry);
    std::ifstream in(entry.substr(equals + 1), std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + entry.substr(equals + 1));
    const auto* type = entry.ends_with(".html") ? "text/html; charset=utf-8" : "text/javascript; charset=utf-8";
    files[entry.substr(0, equals)] = {type, {std::istreambuf_iterator<char>(in), {}}};
  }
  return [files = std::move(files)](server::Conn conn) {
    const auto file = files.find(conn.path);
    if (file == files.end() || conn.method != "GET") return conn;
    conn.put_resp_header("content-type", file->second.type);
    conn.send_resp(200, file->second.bytes);
    return conn;
  };
}

}  // namespace phx::fixture
