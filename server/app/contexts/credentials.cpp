#include "credentials.hpp"

#include <phx/core/etf_json.hpp>
#include <phx/core/json.hpp>

#include <charconv>
#include <mutex>

namespace phx::app {

namespace {

constexpr std::string_view session_salt = "user auth", socket_salt = "user socket", player_salt = "player";
constexpr std::chrono::hours player_max_age{1};

core::UnixTime now() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

std::string sign(const core::KeyGenerator& keys, std::string_view salt, const Json& data) {
  return core::sign_token(keys, salt, core::etf::from_json(data).value(), now());
}

std::optional<Json> verify(const core::KeyGenerator& keys, std::string_view salt, std::string_view token, std::chrono::seconds max_age) {
  const auto data = core::verify_token(keys, salt, token, now(), {.max_age = max_age, .key = {}, .limits = {}});
  if (!data) return std::nullopt;
  const auto json = core::etf::to_json(*data);
  return json ? std::optional(*json) : std::nullopt;
}

std::optional<std::int64_t> integer(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (!object.is_object() || found == object.end() || !found->is_number_integer()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace

Credentials::Credentials(std::shared_ptr<const core::KeyGenerator> keys, std::chrono::seconds session_max_age)
    : keys_(std::move(keys)), max_age_(session_max_age) {}

std::string Credentials::session_token(const Identity& who) const {
  return sign(*keys_, session_salt, obj("user_id", who.user_id, "session_id", who.session_id));
}

std::optional<Identity> Credentials::session(std::string_view token) const {
  const auto data = verify(*keys_, session_salt, token, max_age_);
  if (!data) return std::nullopt;
  const auto user = integer(*data, "user_id"), session = integer(*data, "session_id");
  if (!user || !session) return std::nullopt;
  const std::shared_lock lock(mutex_);
  if (sessions_.contains(*session) || users_.contains(*user)) return std::nullopt;
  return Identity{*user, *session};
}

std::optional<std::string> Credentials::socket_user(std::string_view token) const {
  const auto data = verify(*keys_, socket_salt, token, max_age_);
  if (!data || (!data->is_string() && !data->is_number_integer())) return std::nullopt;
  return data->is_string() ? data->get<std::string>() : data->dump();
}

std::string Credentials::player_token(std::int64_t game_id, std::int64_t user_id) const {
  return sign(*keys_, player_salt, obj("game_id", game_id, "user_id", user_id));
}

std::optional<std::int64_t> Credentials::player(std::string_view token, std::int64_t game_id) const {
  const auto data = verify(*keys_, player_salt, token, player_max_age);
  if (!data || integer(*data, "game_id") != game_id) return std::nullopt;
  const auto user = integer(*data, "user_id");
  return user && !user_revoked(*user) ? user : std::nullopt;
}

void Credentials::revoke_session(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  sessions_.insert(id);
}

void Credentials::revoke_user(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  users_.insert(id);
}

bool Credentials::user_revoked(std::int64_t id) const {
  const std::shared_lock lock(mutex_);
  return users_.contains(id);
}

}  // namespace phx::app
