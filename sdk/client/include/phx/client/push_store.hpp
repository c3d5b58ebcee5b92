#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <phx/core/client/push_log.hpp>

namespace phx::client {

using core::StoredPush;

/// Where AtLeastOnce pushes survive the end of the program. A push is in the store when push() returns, and leaves it when it is
/// answered, superseded, cancelled or out of time; `channel_closed` and the end of the socket leave it there. Joining a topic sends
/// what the store holds for it. Any thread. The same store must not serve two sockets that join the same topics.
class PushStore {
 public:
  virtual ~PushStore() = default;
  /// Durable when it returns without an error. Takes the place of a push with the same id.
  virtual std::error_code put(const StoredPush& push) = 0;
  /// Unknown ids are fine. A removal that gets lost costs a second delivery.
  virtual std::error_code remove(std::string_view id) = 0;
  /// In the order of their puts.
  virtual std::vector<StoredPush> pending(std::string_view topic) const = 0;
};

enum class Fsync : std::uint8_t {
  every_put,  ///< survives the loss of power
  never       ///< survives the end of the program; when to write to the disk is the kernel's business
};

struct FilePushStoreOptions {
  Fsync fsync = Fsync::every_put;
  core::PushLogLimits limits{};
  std::size_t compact_above = std::size_t{1} << 20;  ///< rewritten when it is larger, and more than half of it is history
};

/// A log file: puts and removals are appended, with a checksum each; an end that a crash tore or damaged is moved to `path`.damaged when it is
/// opened, with a line on stderr. A rewrite goes to `path`.new and takes the place of `path` in one step.
class FilePushStore final : public PushStore {
 public:
  /// Makes the file, readable by its owner only, when there is none. Errors: of the system; bad_envelope: another file;
  /// device_or_resource_busy: a second store has it open; message_too_large.
  static Result<std::shared_ptr<FilePushStore>> open(std::string path, FilePushStoreOptions options = {});
  ~FilePushStore() override;

  std::error_code put(const StoredPush& push) override;
  std::error_code remove(std::string_view id) override;
  std::vector<StoredPush> pending(std::string_view topic) const override;

  /// Bytes of a torn or damaged end that opening cut away.
  std::size_t recovered_bytes() const noexcept;

 private:
  struct State;
  explicit FilePushStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace phx::client
