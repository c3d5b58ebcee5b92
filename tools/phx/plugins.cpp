#include "plugins.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

namespace phx::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "phx-";

std::vector<fs::path> folders() {
  std::vector<fs::path> out;
  std::error_code error;
  if (const auto self = fs::read_symlink("/proc/self/exe", error); !error) out.push_back(self.parent_path());
  const char* path = std::getenv("PATH");
  std::string_view rest = path != nullptr ? path : "";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    if (!folder.empty()) out.emplace_back(folder);
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
  }
  return out;
}

bool runs(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::vector<std::string> plugin_words() {
  std::set<std::string> out;
  for (const fs::path& folder : folders()) {
    std::error_code error;
    for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator(); at.increment(error)) {
      const std::string name = at->path().filename().string();
      if (name.size() > prefix.size() && name.starts_with(prefix) && runs(at->path())) out.insert(name.substr(prefix.size()));
    }
  }
  return {out.begin(), out.end()};
}

std::optional<fs::path> find_plugin(std::string_view word) {
  if (word.empty() || word.find('/') != word.npos) return std::nullopt;
  for (const fs::path& folder : folders())
    if (const auto program = folder / (std::string(prefix) + std::string(word)); runs(program)) return program;
  return std::nullopt;
}

ExitCode run_plugin(const fs::path& program, const std::vector<std::string>& args) {
  std::vector<std::string> words{program.string()};
  words.insert(words.end(), args.begin() + 1, args.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  std::fprintf(stderr, "phx: cannot run %s: %s\n", program.c_str(), std::strerror(errno));
  return ExitCode::error;
}

}  // namespace phx::cli
