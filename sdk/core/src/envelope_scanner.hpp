#pragma once

#include <string_view>

#include <phx/core/serializer.hpp>

namespace phx::core::detail {

/// How much a text frame's payload is looked at. With limits: checked; null: only delimited. Everything else in the frame
/// (refs, names, extra elements, extra keys) is always checked.
using PayloadLimits = const JsonLimits*;

/// `[join_ref, ref, topic, event, payload, ...ignored]`. Errors: bad_json (payload), bad_envelope (all else).
Result<EnvelopeView> read_array(std::string_view frame, EnvelopeScratch& scratch, PayloadLimits limits);

/// An object with topic, event, payload, ref and perhaps join_ref; other keys are ignored, of equal keys the first counts.
Result<EnvelopeView> read_object(std::string_view frame, EnvelopeScratch& scratch, PayloadLimits limits);

}  // namespace phx::core::detail
