#pragma once

#include <string_view>

#include <phx/core/serializer.hpp>

namespace phx::core::detail {

/// `[join_ref, ref, topic, event, payload, ...ignored]`. Errors: bad_json (payload), bad_envelope (all else).
Result<EnvelopeView> read_array(std::string_view frame, EnvelopeScratch& scratch, const JsonLimits& limits);

/// An object with topic, event, payload, ref and perhaps join_ref; other keys are ignored, of equal keys the first counts.
Result<EnvelopeView> read_object(std::string_view frame, EnvelopeScratch& scratch, const JsonLimits& limits);

}  // namespace phx::core::detail
