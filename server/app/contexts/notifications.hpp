#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <phx/core/json_fwd.hpp>
#include <phx/server/pubsub.hpp>

#include "accounts.hpp"
#include "outcome.hpp"

namespace phx::app {

struct Notification {
  std::int64_t id = 0;
  std::int64_t user_id = 0;
  std::int64_t from_id = 0;
  std::string message;
  std::optional<Timestamp> delivered_at, read_at;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("notifications", field<&Notification::id>("id", Role::primary_key), field<&Notification::user_id>("user_id"),
                         field<&Notification::from_id>("from_id"), field<&Notification::message>("message"),
                         field<&Notification::delivered_at>("delivered_at"), field<&Notification::read_at>("read_at"),
                         field<&Notification::inserted_at>("inserted_at", Role::inserted_at));
  }
};

/// Notes from friends. A note and the job that delivers it are one transaction, so a note that was accepted is delivered also when the server
/// dies in between; at least once, under the same id. Every call blocks.
class Notifications {
 public:
  static constexpr const char* job_kind = "deliver_notification";

  /// wake: there is a job.
  Notifications(Repo repo, Accounts& accounts, server::PubSub& pubsub, std::function<void()> wake)
      : repo_(std::move(repo)), accounts_(accounts), pubsub_(pubsub), wake_(std::move(wake)) {}

  /// "forbidden" between people who are no friends.
  Outcome<Notification> create_notification(std::int64_t from_id, std::int64_t user_id, const Json& params);
  Result<store::Page<Notification>> list_notifications(std::int64_t user_id, bool unread_only, const store::PageOptions& page);
  Outcome<Notification> mark_read(std::int64_t user_id, std::int64_t id);

  /// The job: broadcasts `new_notification` to `notifications:<user_id>`.
  void deliver(Repo& repo, const store::Job& job);

 private:
  Repo repo_;
  Accounts& accounts_;
  server::PubSub& pubsub_;
  std::function<void()> wake_;
};

Json notification_json(const Notification& notification);

}  // namespace phx::app
