#pragma once

#include <memory>

#include <phx/server/plugs.hpp>

#include "app/contexts/credentials.hpp"

namespace phx::app::plug {

/// Who asks: `authorization: Bearer` with a login's token, or the session cookie of one; else 401. With a cookie, requests that change
/// something need its CSRF token too: a browser sends cookies unasked. Sets assigns["current_user"].
server::Plug require_user(const Credentials& credentials);

}  // namespace phx::app::plug
