#pragma once

#include "graph/ids.h"

namespace pare::program {

/// Index into Program::buffers.
using BufferId = graph::Id<struct BufferTag>;
/// Index into Program::constants.
using ConstantId = graph::Id<struct ConstantTag>;
/// Index into Program::trip_counts.
using TripCountId = graph::Id<struct TripCountTag>;

}  // namespace pare::program
