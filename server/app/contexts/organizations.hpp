#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <phx/core/json_fwd.hpp>

#include "outcome.hpp"

namespace phx::app {

struct Organization {
  std::int64_t id = 0;
  std::string name;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("organizations", field<&Organization::id>("id", Role::primary_key), field<&Organization::name>("name"),
                         field<&Organization::inserted_at>("inserted_at", Role::inserted_at));
  }
};

struct OrganizationMember {
  std::int64_t id = 0;
  std::int64_t organization_id = 0, user_id = 0;
  std::string role = "member";  ///< or "owner"
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("organization_members", field<&OrganizationMember::id>("id", Role::primary_key),
                         field<&OrganizationMember::organization_id>("organization_id"), field<&OrganizationMember::user_id>("user_id"),
                         field<&OrganizationMember::role>("role"),
                         field<&OrganizationMember::inserted_at>("inserted_at", Role::inserted_at));
  }
};

struct Team {
  std::int64_t id = 0;
  std::int64_t organization_id = 0;
  std::string name;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("teams", field<&Team::id>("id", Role::primary_key), field<&Team::organization_id>("organization_id"),
                         field<&Team::name>("name"), field<&Team::inserted_at>("inserted_at", Role::inserted_at));
  }
};

struct TeamMember {
  std::int64_t id = 0;
  std::int64_t team_id = 0, user_id = 0;
  Timestamp inserted_at{};

  static constexpr auto schema() {
    using namespace store;
    return store::schema("team_members", field<&TeamMember::id>("id", Role::primary_key), field<&TeamMember::team_id>("team_id"),
                         field<&TeamMember::user_id>("user_id"), field<&TeamMember::inserted_at>("inserted_at", Role::inserted_at));
  }
};

/// Organizations, their teams, and who belongs to them. What one is no member of is not found; owners change things. Every call blocks.
class Organizations {
 public:
  explicit Organizations(Repo repo) : repo_(std::move(repo)) {}

  Outcome<Organization> create_organization(std::int64_t owner, const Json& params);
  std::vector<Organization> list_organizations(std::int64_t user_id);
  Outcome<Organization> get_organization(std::int64_t id, std::int64_t user_id);
  Outcome<OrganizationMember> add_member(std::int64_t organization_id, std::int64_t by, const Json& params);

  Outcome<Team> create_team(std::int64_t organization_id, std::int64_t by, const Json& params);
  Outcome<std::vector<Team>> list_teams(std::int64_t organization_id, std::int64_t user_id);
  /// Only people of the organization.
  Outcome<TeamMember> add_team_member(std::int64_t organization_id, std::int64_t team_id, std::int64_t by, const Json& params);

  bool member(std::int64_t organization_id, std::int64_t user_id);
  bool team_member(std::int64_t organization_id, std::int64_t team_id, std::int64_t user_id);

 private:
  /// Refuses who is no owner.
  Outcome<Organization> owned(std::int64_t id, std::int64_t user_id);
  Repo repo_;
};

Json organization_json(const Organization& organization);
Json team_json(const Team& team);

}  // namespace phx::app
