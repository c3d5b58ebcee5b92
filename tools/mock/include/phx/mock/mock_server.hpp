#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <phx/core/error.hpp>
#include <phx/mock/journal.hpp>
#include <phx/mock/mock_file.hpp>
#include <phx/server/observer.hpp>

namespace phx::mock {

struct MockServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one
  std::uint64_t seed = 1;
  scenario::FaultSteps faults = {};                         ///< in addition to the file's
  server::Observer* observer = &server::silent_observer();  ///< borrowed for life
};

/// A running mock: endpoint, relay, journal, control API at /__mock. All functions from any thread.
class MockServer {
 public:
  MockServer(MockFile file, MockServerOptions options);
  ~MockServer();  ///< stop()s
  MockServer(const MockServer&) = delete;
  MockServer& operator=(const MockServer&) = delete;

  Result<void> start();
  std::uint16_t port() const noexcept;
  void stop();

  /// Channels, refusals, expectations and faults of this file from now on, for connections that are open too. Sockets' paths and routes
  /// are those of the start: false when they differ.
  bool reload(MockFile file);
  Journal& journal() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Tells when a file has changed, asked now and then: by its time and size.
class FileWatch {
 public:
  explicit FileWatch(std::filesystem::path path);
  /// True once after each change. A file that is not there has not changed.
  bool changed();

 private:
  struct Seen {
    std::filesystem::file_time_type time{};
    std::uintmax_t size = 0;
    bool operator==(const Seen&) const = default;
  };
  std::optional<Seen> look() const;
  std::filesystem::path path_;
  std::optional<Seen> seen_;
};

}  // namespace phx::mock
