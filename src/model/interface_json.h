#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lower/interface.h"

namespace pare::model {

/// An interface as JSON (docs/formats/pare.md). Every number comes back as it was, bit for bit.
/// REQUIRES: finite numbers.
nlohmann::json write_json(const lower::Interface& interface);

/// The interface back. Throws InputError naming the place: a missing or unknown key, a wrong type,
/// an unknown name.
lower::Interface read_interface(const nlohmann::json& json);

}  // namespace pare::model
