#include "notifications.hpp"

#include <phx/core/json.hpp>

namespace phx::app {

using namespace store;

Outcome<Notification> Notifications::create_notification(std::int64_t from_id, std::int64_t user_id, const Json& params) {
  if (!accounts_.friends(from_id, user_id)) return refuse("forbidden");
  Notification note;
  note.from_id = from_id;
  note.user_id = user_id;
  return repo_.transaction([&](Repo& tx) -> Outcome<Notification> {
    auto saved = tx.insert(cast(note, params, {"message"}).validate_required({"message"}).validate_length("message", {.max = 1000}));
    if (saved) {
      enqueue(tx, job_kind, obj("id", saved->id), wall_now(), {.unique_key = "notification:" + std::to_string(saved->id)});
      tx.after_commit(wake_);
    }
    return outcome(std::move(saved));
  });
}

Result<Page<Notification>> Notifications::list_notifications(std::int64_t user_id, bool unread_only, const PageOptions& page) {
  auto query = from<Notification>().where("user_id", user_id).order_by("id", store::Order::desc);
  if (unread_only) query.where(is_null("read_at"));
  return repo_.page(query, page);
}

Outcome<Notification> Notifications::mark_read(std::int64_t user_id, std::int64_t id) {
  auto note = repo_.get_by<Notification>({{"id", id}, {"user_id", user_id}});
  if (!note) return refuse("not_found");
  if (note->read_at) return std::move(*note);
  return outcome(repo_.update(change(std::move(*note), {{"read_at", wall_now()}})));
}

void Notifications::deliver(Repo& repo, const Job& job) {
  const auto note = repo.get<Notification>(job.args_json().at("id").get<std::int64_t>());
  if (!note) throw DiscardJob("the notification is gone");
  const auto delivered = repo.update(change(*note, {{"delivered_at", wall_now()}}));
  pubsub_.broadcast("notifications:" + std::to_string(note->user_id), "new_notification", notification_json(delivered.value()));
}

Json notification_json(const Notification& n) {
  const auto time = [](const std::optional<Timestamp>& t) { return t ? Json(format_timestamp(*t)) : Json(); };
  return obj("id", n.id, "from_id", n.from_id, "message", n.message, "delivered_at", time(n.delivered_at), "read_at", time(n.read_at),
             "inserted_at", format_timestamp(n.inserted_at));
}

}  // namespace phx::app
