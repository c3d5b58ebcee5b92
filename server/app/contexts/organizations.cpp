#include "organizations.hpp"

#include <phx/core/json.hpp>

namespace phx::app {

using namespace store;

Outcome<Organization> Organizations::create_organization(std::int64_t owner, const Json& params) {
  return repo_.transaction([&](Repo& tx) -> Outcome<Organization> {
    auto made = tx.insert(
        cast(Organization{}, params, {"name"}).validate_required({"name"}).validate_length("name", {.max = 80}).unique_constraint("name"));
    if (made) {
      OrganizationMember first;
      first.organization_id = made->id;
      first.user_id = owner;
      first.role = "owner";
      tx.insert(first);
    }
    return outcome(std::move(made));
  });
}

std::vector<Organization> Organizations::list_organizations(std::int64_t user_id) {
  std::vector<Value> ids;
  for (const auto& m : repo_.all(from<OrganizationMember>().where("user_id", user_id).order_by("id").limit(1000)))
    ids.emplace_back(m.organization_id);
  return repo_.all(from<Organization>().where(in("id", ids)).order_by("id"));
}

Outcome<Organization> Organizations::get_organization(std::int64_t id, std::int64_t user_id) {
  auto found = member(id, user_id) ? repo_.get<Organization>(id) : std::nullopt;
  if (!found) return refuse("not_found");
  return std::move(*found);
}

Outcome<Organization> Organizations::owned(std::int64_t id, std::int64_t user_id) {
  auto found = get_organization(id, user_id);
  if (!found) return found;
  if (!repo_.exists(from<OrganizationMember>().where("organization_id", id).where("user_id", user_id).where("role", "owner")))
    return refuse("forbidden");
  return found;
}

Outcome<OrganizationMember> Organizations::add_member(std::int64_t organization_id, std::int64_t by, const Json& params) {
  if (const auto found = owned(organization_id, by); !found) return tl::unexpected(found.error());
  OrganizationMember member;
  member.organization_id = organization_id;
  return outcome(repo_.insert(cast(member, params, {"user_id", "role"})
                                  .validate_required({"user_id"})
                                  .validate_inclusion("role", {"member", "owner"})
                                  .foreign_key_constraint("user_id")
                                  .unique_constraint("user_id", "organization_members_organization_id_user_id_index")));
}

Outcome<Team> Organizations::create_team(std::int64_t organization_id, std::int64_t by, const Json& params) {
  if (const auto found = owned(organization_id, by); !found) return tl::unexpected(found.error());
  Team team;
  team.organization_id = organization_id;
  return outcome(repo_.insert(cast(team, params, {"name"})
                                  .validate_required({"name"})
                                  .validate_length("name", {.max = 80})
                                  .unique_constraint("name", "teams_organization_id_name_index")));
}

Outcome<std::vector<Team>> Organizations::list_teams(std::int64_t organization_id, std::int64_t user_id) {
  if (!member(organization_id, user_id)) return refuse("not_found");
  return repo_.all(from<Team>().where("organization_id", organization_id).order_by("id").limit(1000));
}

Outcome<TeamMember> Organizations::add_team_member(std::int64_t organization_id, std::int64_t team_id, std::int64_t by,
                                                   const Json& params) {
  if (const auto found = owned(organization_id, by); !found) return tl::unexpected(found.error());
  if (!repo_.exists(from<Team>().where("id", team_id).where("organization_id", organization_id))) return refuse("not_found");
  TeamMember wanted;
  wanted.team_id = team_id;
  auto changeset = cast(wanted, params, {"user_id"})
                       .validate_required({"user_id"})
                       .validate_change("user_id",
                                        [&](const Value& id) -> std::optional<std::string> {
                                          if (member(organization_id, *id.get_if<std::int64_t>())) return std::nullopt;
                                          return "is not a member of the organization";
                                        })
                       .unique_constraint("user_id", "team_members_team_id_user_id_index");
  return outcome(repo_.insert(std::move(changeset)));
}

bool Organizations::member(std::int64_t organization_id, std::int64_t user_id) {
  return repo_.exists(from<OrganizationMember>().where("organization_id", organization_id).where("user_id", user_id));
}

bool Organizations::team_member(std::int64_t organization_id, std::int64_t team_id, std::int64_t user_id) {
  return member(organization_id, user_id) && repo_.exists(from<Team>().where("id", team_id).where("organization_id", organization_id)) &&
         repo_.exists(from<TeamMember>().where("team_id", team_id).where("user_id", user_id));
}

Json organization_json(const Organization& o) { return obj("id", o.id, "name", o.name, "inserted_at", format_timestamp(o.inserted_at)); }

Json team_json(const Team& t) {
  return obj("id", t.id, "organization_id", t.organization_id, "name", t.name, "inserted_at", format_timestamp(t.inserted_at));
}

}  // namespace phx::app
