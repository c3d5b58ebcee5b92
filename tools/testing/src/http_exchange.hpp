#pragma once

#include <phx/testing/target.hpp>
#include <phx/testing/wire.hpp>

namespace phx::testing {

/// One HTTP/1.1 request and its answer on a connection of its own. The error says what is wrong with the answer, or that none came.
tl::expected<HttpResponse, std::string> exchange(Target& target, Wire::End& end, const HttpRequest& request, Instant deadline);

}  // namespace phx::testing
