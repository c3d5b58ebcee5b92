#include "preparation.hpp"

#include <phx/server/flash.hpp>
#include <phx/server/plugs.hpp>
#include <phx/server/router.hpp>

namespace phx::testing::detail {

using server::Conn;

namespace {

constexpr const char* assigned = "phxkit.test";

/// The action of a controller as if it were all there is.
Conn run_alone(const server::Action& action, Conn conn) {
  server::Router router;
  router.match("*", "/", action);
  conn = router.plug()(server::plug::parsers()(std::move(conn)));
  if (!conn.later) conn.halted = true;
  return conn;
}

}  // namespace

server::PlugChain Preparations::around(const server::PlugChain& plugs) {
  server::PlugChain out{[self = shared_from_this()](Conn conn) { return self->first(std::move(conn)); }};
  out.insert(out.end(), plugs.begin(), plugs.end());
  out.emplace_back([self = shared_from_this()](Conn conn) { return self->last(std::move(conn)); });
  return out;
}

std::string Preparations::add(std::shared_ptr<const Preparation> asked, bool checks_csrf) {
  const std::lock_guard lock(mutex_);
  std::string name = std::to_string(++count_);
  entries_.emplace(name, std::make_shared<Entry>(Entry{.asked = std::move(asked), .checks_csrf = checks_csrf}));
  return name;
}

Preparations::Outcome Preparations::take(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto node = entries_.extract(name);
  return node.empty() ? Outcome{} : std::move(node.mapped()->outcome);
}

Preparations::EntryPtr Preparations::find(const Conn& conn) {
  const auto name = conn.req_header(header);
  const std::lock_guard lock(mutex_);
  const auto found = name ? entries_.find(*name) : entries_.end();
  return found == entries_.end() ? nullptr : found->second;
}

void Preparations::note(Entry& entry, const Conn& conn) {
  SeenConn seen{.params = conn.params(), .path_params = conn.path_params(), .session = {}, .flash = {}, .route = conn.route, .raised = {}};
  if (conn.session_fetched()) seen.session = conn.get_session();
  if (conn.assigns.contains("flash")) seen.flash = server::flash(conn);
  if (conn.error) seen.raised = server::describe(conn.error);
  const std::lock_guard lock(mutex_);
  entry.outcome.seen = std::move(seen);
}

Conn Preparations::first(Conn conn) {
  const auto entry = find(conn);
  if (!entry) return conn;
  std::erase_if(conn.req_headers, [](const auto& h) { return h.first == header; });
  conn.register_before_send([self = shared_from_this(), entry](Conn& answer) { self->note(*entry, answer); });
  if (!entry->checks_csrf) conn.skip_csrf_protection();
  if (!entry->asked) return conn;
  if (!entry->asked->session.is_null()) conn.init_test_session(entry->asked->session);
  if (entry->asked->bypass) conn.bypass_through(*entry->asked->bypass);
  conn.assigns[assigned] = entry;
  return entry->asked->action ? run_alone(entry->asked->action, std::move(conn)) : std::move(conn);
}

Conn Preparations::last(Conn conn) {
  if (!conn.bypass()) return conn;
  const auto entry = std::any_cast<EntryPtr>(conn.assigns.at(assigned));
  if (entry->asked->plug) conn = entry->asked->plug(std::move(conn));
  if (conn.status != 0 || conn.error || conn.later || conn.upgrade) return conn;
  {
    const std::lock_guard lock(mutex_);
    entry->outcome.unsent = true;
  }
  conn.send_resp(204);
  return conn;
}

}  // namespace phx::testing::detail
