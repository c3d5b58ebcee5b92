#include "private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <phx/cli/program.hpp>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace phx::cli {
namespace {

[[noreturn]] void cannot_write(const std::filesystem::path& path, int why) {
  throw Failure(ExitCode::error, "cannot write " + path.string() + ": " + std::strerror(why));
}

}  // namespace

std::filesystem::path xdg_folder(const char* variable, std::string_view below_home) {
  const auto env = [](const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
  };
  if (const auto folder = env(variable); folder.starts_with('/')) return std::filesystem::path(folder) / "phxkit";
  if (const auto home = env("HOME"); !home.empty()) return std::filesystem::path(home) / below_home / "phxkit";
  return {};
}

/// Written beside the old file, then renamed.
void write_private_file(const std::filesystem::path& path, std::string_view text) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) throw Failure(ExitCode::error, "cannot make " + path.parent_path().string() + ": " + error.message());
  const auto fresh = path.string() + ".new";
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) cannot_write(fresh, errno);
  std::size_t done = 0;
  for (ssize_t n = 0; done < text.size() && (n = ::write(fd, text.data() + done, text.size() - done)) > 0;)
    done += static_cast<std::size_t>(n);
  const bool good = done == text.size() && ::fsync(fd) == 0;
  ::close(fd);
  if (!good || ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(fresh.c_str());
    cannot_write(path, why);
  }
}

}  // namespace phx::cli
