#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <phx/core/json_fwd.hpp>
#include <phx/server/call_result.hpp>
#include <phx/server/conn.hpp>

namespace phx::server {

// What an action gives back. Anything but Sent goes to the action fallback (server.md 11.5, 11.6).
struct Sent {};  ///< the Conn holds the answer; json(), text(), ... return it
struct NotFound {};
struct Unauthorized {};
struct Forbidden {};
struct Refused {  ///< any other status
  int status = 400;
};
/// field -> messages, newest first: what a changeset says. Answered as `{"errors":{"field":["can't be blank"]}}`.
using FieldErrors = std::map<std::string, std::vector<std::string>, std::less<>>;
struct Invalid {
  FieldErrors errors;
};
using ActionValue = std::variant<std::monostate, Sent, NotFound, Unauthorized, Forbidden, Refused, Invalid>;

/// A value at once or a coroutine: `return json(conn, data);` and `co_return json(conn, data);` have the same signature. Giving back nothing
/// (`return {};`) is a failure: 500.
using ActionResult = detail::CallResult<ActionValue>;

/// One entry of a controller. The Conn stays where it is until the action has ended, also across co_await. May throw: HttpError gives its
/// own status, anything else 500. Called on all workers: what it captures is constant or thread-safe.
using Action = std::function<ActionResult(Conn&)>;

/// Turns what an action gave back instead of an answer into one.
using ActionFallback = std::function<void(Conn&, const ActionValue&)>;
/// Phoenix's shapes: `{"errors":{"detail":"Not Found"}}` by status, 422 with the errors by field.
void action_fallback(Conn& conn, const ActionValue& value);

/// A method of a shared controller as an action: action(users, &UserController::show).
template <class C>
Action action(std::shared_ptr<C> controller, ActionResult (C::*method)(Conn&)) {
  return [controller = std::move(controller), method](Conn& conn) { return ((*controller).*method)(conn); };
}

// Answers. The status is 200 unless conn.status was set before; content-type unless a header was set before.
Sent json(Conn& conn, const Json& data);
Sent json(Conn& conn, int status, const Json& data);
Sent text(Conn& conn, std::string body);
Sent html(Conn& conn, std::string body);
Sent send_resp(Conn& conn, int status, std::string body = {});
/// A view is a function from data to Json: render(conn, user_json::show, user).
template <class View, class... Data>
Sent render(Conn& conn, View&& view, Data&&... data) {
  return json(conn, std::forward<View>(view)(std::forward<Data>(data)...));
}

/// 302 unless set. Throws std::invalid_argument for a `to` that is no local path: `/`, not `//`, no backslash, no tab after the slash.
Sent redirect(Conn& conn, std::string_view to);
Sent redirect_external(Conn& conn, std::string_view url);
/// As a file to be saved under this name.
Sent send_download(Conn& conn, std::string body, std::string_view filename, std::string_view content_type = "application/octet-stream");

/// The param under this name. Throws HttpError 400 when there is none, as a missing clause of an action does.
const Json& param(const Conn& conn, std::string_view name);
/// The same for a text.
const std::string& text_param(const Conn& conn, std::string_view name);

/// Conditional GET: puts etag and last-modified; true when the client has this version and 304 was sent.
struct Validators {
  std::string etag = {};           ///< with its quotes, `W/"..."` for a weak one; empty: none
  std::int64_t last_modified = 0;  ///< Unix seconds; 0: none
};
bool not_modified(Conn& conn, const Validators& version);

}  // namespace phx::server
