#pragma once

#include <string_view>

#include <phx/core/json_fwd.hpp>
#include <phx/server/conn.hpp>

namespace phx::server {

/// Messages for the next page: put them, redirect, and the request after it has them (Phoenix.Controller, server.md 11.5). They live in
/// the session under `phoenix_flash`, written when the answer is a redirect (300 to 308), deleted by any other answer.
/// Needs a fetched session. All but fetch_flash throw std::logic_error before it; plug::fetch_flash (plugs.hpp) is it as a plug.
void fetch_flash(Conn& conn);

/// key -> message. Those of the last request, and what was put since.
const Json& flash(const Conn& conn);
/// One of them; null: none.
Json get_flash(const Conn& conn, std::string_view key);
/// message: a text for Phoenix's own views; any value that a session can hold.
void put_flash(Conn& conn, std::string_view key, const Json& message);
/// Every pair of an object over what is there. Throws std::invalid_argument for anything else.
void merge_flash(Conn& conn, const Json& messages);
void clear_flash(Conn& conn);

}  // namespace phx::server
