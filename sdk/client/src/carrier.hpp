#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <phx/client/transport.hpp>
#include <phx/core/client/effects.hpp>

#include "backlog.hpp"

namespace phx::client::detail {

class Session;

/// One transport of a session and the number under which the machine knows it (D-7). Several live at once while old ones close.
class Carrier final : public net::TransportEvents {
 public:
  Carrier(Session& session, core::Generation generation) : session_(session), generation_(generation) {}

  void on_open(std::string_view subprotocol) override;
  void on_message(core::Opcode op, std::string_view data) override;
  void on_error(const net::TransportError& error) override;
  void on_close(const net::TransportClose& close) override;
  void on_blocked(bool blocked) override;
  void on_turn(bool begins) override;

  /// A push that was made while the kernel takes no more: pending until it does.
  void keep_until_written(Backlog::Item pending);

  core::Generation generation() const noexcept { return generation_; }
  const std::string& error_message() const noexcept { return error_message_; }

  /// Expires with the carrier: tasks that come late are dropped.
  const std::shared_ptr<const bool> alive = std::make_shared<const bool>(true);
  std::unique_ptr<net::Transport> transport;

 private:
  void give_up();

  Session& session_;  // owns this
  core::Generation generation_;
  int http_status_ = 0;
  std::optional<Duration> retry_after_;
  std::string error_message_;
  bool blocked_ = false;
  std::vector<Backlog::Item> unwritten_;
  bool given_up_ = false;  // its end has been told; what it still says is not heard
};

}  // namespace phx::client::detail
