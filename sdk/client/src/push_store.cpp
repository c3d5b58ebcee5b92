#include <phx/client/push_store.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <utility>

namespace phx::client {

namespace {

std::error_code last_error() { return {errno, std::generic_category()}; }

/// A file descriptor.
class File {
 public:
  explicit File(int fd = -1) noexcept : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

File open_file(const std::string& path, int flags) { return File(::open(path.c_str(), flags | O_CLOEXEC, 0600)); }

Result<std::string> read_all(int fd) {
  std::string bytes;
  char buffer[64 * 1024];
  while (true) {
    const auto n = ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(bytes.size()));
    if (n < 0) return tl::unexpected(last_error());
    if (n == 0) return bytes;
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
}

std::error_code write_at(int fd, std::string_view bytes, std::size_t offset) {
  while (!bytes.empty()) {
    const auto n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return last_error();
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::size_t>(n);
  }
  return {};
}

/// Appends what opening cuts off to `path`.damaged, so that nothing is lost for good, and says so.
std::error_code keep_damaged(const std::string& path, std::string_view tail) {
  const std::string kept_path = path + ".damaged";
  const File kept = open_file(kept_path, O_WRONLY | O_CREAT);
  const auto end = kept ? ::lseek(kept.get(), 0, SEEK_END) : off_t{-1};
  if (end < 0) return last_error();
  if (const auto error = write_at(kept.get(), tail, static_cast<std::size_t>(end))) return error;
  std::fprintf(stderr, "phxkit: the last %zu bytes of %s are torn or damaged and were moved to %s\n", tail.size(), path.c_str(),
               kept_path.c_str());
  return {};
}

/// The name of a new file is durable when its folder is.
std::error_code sync_folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  const File folder = open_file(slash == path.npos ? "." : path.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
  return folder && ::fsync(folder.get()) == 0 ? std::error_code() : last_error();
}

}  // namespace

struct FilePushStore::State {
  State(std::string file_path, FilePushStoreOptions how) : path(std::move(file_path)), options(how) {}
  std::error_code append(std::string_view record, bool sync);
  std::error_code compact();
  std::error_code sync(int fd) const { return options.fsync == Fsync::never || ::fsync(fd) == 0 ? std::error_code() : last_error(); }
  auto find(std::string_view id) {
    return std::ranges::find_if(pushes, [&](const StoredPush& p) { return p.id == id; });
  }

  const std::string path;
  const FilePushStoreOptions options;
  File file;
  mutable std::mutex mutex;  // guards the file and what is below
  std::vector<StoredPush> pushes;
  std::size_t size = 0;  // of the file; what a failed append left behind it is written over
  std::size_t live = 0;
  std::size_t recovered = 0;
};

std::error_code FilePushStore::State::append(std::string_view record, bool durable) {
  auto error = write_at(file.get(), record, size);
  if (!error && durable) error = sync(file.get());
  if (error) {
    if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) error = last_error();
    return error;
  }
  size += record.size();
  return {};
}

/// The log without its history. On an error the old one stays in use.
std::error_code FilePushStore::State::compact() {
  std::string log(core::push_log_head);
  for (const auto& push : pushes) core::append_put(log, push);
  const std::string fresh_path = path + ".new";
  File fresh = open_file(fresh_path, O_RDWR | O_CREAT | O_TRUNC);
  if (!fresh || ::flock(fresh.get(), LOCK_EX | LOCK_NB) != 0) return last_error();
  if (const auto error = write_at(fresh.get(), log, 0)) return error;
  if (const auto error = sync(fresh.get())) return error;
  if (std::rename(fresh_path.c_str(), path.c_str()) != 0) return last_error();
  file = std::move(fresh);
  size = live = log.size();
  return options.fsync == Fsync::never ? std::error_code() : sync_folder_of(path);
}

FilePushStore::FilePushStore(std::unique_ptr<State> state) : state_(std::move(state)) {}
FilePushStore::~FilePushStore() = default;

Result<std::shared_ptr<FilePushStore>> FilePushStore::open(std::string path, FilePushStoreOptions options) {
  auto state = std::make_unique<State>(std::move(path), options);
  state->file = open_file(state->path, O_RDWR | O_CREAT);
  if (!state->file) return tl::unexpected(last_error());
  if (::flock(state->file.get(), LOCK_EX | LOCK_NB) != 0) return tl::unexpected(std::make_error_code(std::errc::device_or_resource_busy));
  const auto bytes = read_all(state->file.get());
  if (!bytes) return tl::unexpected(bytes.error());
  auto log = core::read_push_log(*bytes, options.limits);
  if (!log) return tl::unexpected(log.error());
  state->pushes = std::move(log->pushes);
  state->size = log->valid_bytes;
  state->live = std::max(log->live_bytes, core::push_log_head.size());
  state->recovered = bytes->size() - log->valid_bytes;
  if (state->recovered > 0) {
    if (const auto error = keep_damaged(state->path, std::string_view(*bytes).substr(log->valid_bytes))) return tl::unexpected(error);
  }
  if (::ftruncate(state->file.get(), static_cast<off_t>(state->size)) != 0) return tl::unexpected(last_error());
  if (state->size == 0) {
    if (const auto error = state->append(core::push_log_head, true)) return tl::unexpected(error);
    if (options.fsync == Fsync::every_put) {
      if (const auto error = sync_folder_of(state->path)) return tl::unexpected(error);
    }
  }
  return std::shared_ptr<FilePushStore>(new FilePushStore(std::move(state)));
}

std::error_code FilePushStore::put(const StoredPush& push) {
  State& s = *state_;
  std::string record;
  core::append_put(record, push);
  const std::scoped_lock lock(s.mutex);
  const auto old = s.find(push.id);
  if (record.size() > s.options.limits.max_record) return Errc::message_too_large;
  if (old == s.pushes.end() && s.pushes.size() >= s.options.limits.max_pushes) return Errc::queue_full;
  if (const auto error = s.append(record, true)) return error;
  if (old != s.pushes.end()) {
    s.live -= core::put_size(*old);
    s.pushes.erase(old);
  }
  s.live += record.size();
  s.pushes.push_back(push);
  if (s.size > s.options.compact_above && s.size / 2 > s.live) return s.compact();
  return {};
}

std::error_code FilePushStore::remove(std::string_view id) {
  State& s = *state_;
  std::string record;
  core::append_remove(record, id);
  const std::scoped_lock lock(s.mutex);
  const auto old = s.find(id);
  if (old == s.pushes.end()) return {};
  s.live -= core::put_size(*old);
  s.pushes.erase(old);
  return s.append(record, false);
}

std::vector<StoredPush> FilePushStore::pending(std::string_view topic) const {
  const std::scoped_lock lock(state_->mutex);
  std::vector<StoredPush> out;
  std::ranges::copy_if(state_->pushes, std::back_inserter(out), [&](const StoredPush& p) { return p.topic == topic; });
  return out;
}

std::size_t FilePushStore::recovered_bytes() const noexcept { return state_->recovered; }

}  // namespace phx::client
