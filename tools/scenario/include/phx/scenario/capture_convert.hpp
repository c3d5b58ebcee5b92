#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <phx/scenario/capture.hpp>
#include <phx/scenario/replay.hpp>

namespace phx::scenario {

/// A scenario file: one actor per connection that repeats what its client sent, and expects the replies and messages it got; a `sync`
/// wherever another client went on, so that all happens in the order of the capture. Values of `changing` keys and masked ones may be
/// anything; masked connect params are left out. What no scenario can say (a push without join, a join without answer) is a comment.
std::string capture_to_scenario(const Capture& capture, const std::vector<std::string>& changing = ReplayOptions{}.ignore);

/// A mock file that answers as the recorded server did: the n-th time a message comes, the n-th recorded answer to it (topic, event and
/// payload alike), then what the server sent until the client spoke next. Refs and join_refs are those of the new client.
std::string capture_to_mock(const Capture& capture);

/// HTTP Archive 1.2; frames as `_webSocketMessages`, as browsers write them.
std::string capture_to_har(const Capture& capture);

/// Reads what browsers export: WebSocket entries with their messages, long-poll and other requests as http events. Secrets are masked
/// unless kept. Errors name the JSON path.
tl::expected<Capture, std::string> capture_from_har(std::string_view har, bool keep_secrets = false);

}  // namespace phx::scenario
