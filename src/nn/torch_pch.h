#pragma once

// Precompiled once, for all sources that need torch. clang 14 needs ivalue.h first.
// clang-format off
#include <ATen/core/ivalue.h>
#include <torch/torch.h>
// clang-format on
