#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/epilogue.h"
#include "engine/kernels.h"
#include "engine/plan.h"

namespace pare::engine {

// What planning linear ops and planning images both ask.

inline program::Interval hull_of(std::span<const std::int64_t> values) {
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  return {*lowest, *highest};
}

inline bool fits_bits(int bits, program::Interval x) {
  return program::Width{bits, true}.range().contains(x);
}

/// How many inputs of such codes and weights a kernel multiplies at once: 4 of 8 bits, 2 of 16;
/// 0: no kernel takes them.
inline std::size_t interleave_for(program::Interval x, program::Interval weight) {
  const bool has_bytes = fits_bits(8, x) || program::Interval{0, 255}.contains(x);
  if (has_bytes && fits_bits(8, weight)) return 4;
  return fits_bits(16, x) && fits_bits(16, weight) ? 2 : 0;
}

/// The kernel that an op shall have if it fits, whatever the model says; `sums` is what it writes.
inline std::optional<KernelKind> preferred_kernel(const PlanRequest& request,
                                                  program::BufferId sums) {
  if (request.preferred || request.measured == nullptr) return request.preferred;
  const auto measured = request.measured->find(sums.value);
  if (measured == request.measured->end()) return std::nullopt;
  return measured->second;
}

/// Whether kernels store outputs so.
inline bool can_store(Element element, std::size_t interleave) {
  switch (element) {
    case Element::kU8:
    case Element::kI8:
      return interleave == 1 || interleave == 2 || interleave == 4;
    case Element::kI16:
      return interleave == 1 || interleave == 2;
    case Element::kI32:
      return interleave == 1;
    case Element::kI64:
      break;
  }
  return false;
}

/// Whether the step of a node may be chosen: that of another one may have taken it along.
using NodeFilter = std::function<bool(const program::Node&)>;

/// The requantize that alone reads what a linear op or a convolution writes, if `num_readers`, by
/// buffer, has one and it may be chosen; else null.
const program::Node* fused_requantize(const program::Section& section,
                                      const std::vector<int>& num_readers, const NodeFilter& allows,
                                      program::BufferId sum);

/// The epilogue that steps share, as the kernels of an instruction set want it; null if there is
/// none. `asked`: but for what follows from those kernels.
inline std::shared_ptr<const Epilogue> shared_epilogue(InstructionSet set, EpilogueRequest asked) {
  asked.padded_size = round_up(asked.sums.size(), kBlock);
  asked.has_fma = kernels_of(set).has_fma;
  auto made = make_epilogue(asked);
  return made ? std::make_shared<const Epilogue>(std::move(*made)) : nullptr;
}

/// What the sums of each output can be, anywhere. `output_of` an element of the buffer.
template <class OutputOf>
std::vector<program::Interval> sums_by_output(const program::Intervals& known,
                                              std::size_t num_elements, std::size_t num_outputs,
                                              OutputOf&& output_of) {
  std::vector<program::Interval> sums(num_outputs, known.front());
  if (known.size() == 1) return sums;
  std::vector<bool> is_known(num_outputs, false);
  for (std::size_t i = 0; i < num_elements; ++i) {
    const std::size_t output = output_of(i);
    sums[output] = !is_known[output]
                       ? known[i]
                       : program::Interval{std::min(sums[output].lowest, known[i].lowest),
                                           std::max(sums[output].highest, known[i].highest)};
    is_known[output] = true;
  }
  return sums;
}

}  // namespace pare::engine
