#pragma once

#include <vector>

#include <phx/mock/mock_file.hpp>
#include <phx/scenario/yaml.hpp>

namespace phx::mock {

/// One entry of `channels`. Throws scenario::FileError.
MockChannelScript parse_channel(const scenario::Yaml::Entry& entry);

/// A list's items; anything else is a list of one.
std::vector<const scenario::Yaml*> one_or_many(const scenario::Yaml& value);

}  // namespace phx::mock
