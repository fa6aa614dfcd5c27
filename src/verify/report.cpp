#include "verify/report.h"

#include <algorithm>

#include <fmt/format.h>

namespace pare::verify {

std::string describe(const Difference& difference) {
  std::string place = fmt::format("buffer '{}', sample {}, step {}", difference.buffer,
                                  difference.sample, difference.step);
  if (!difference.element) {
    return fmt::format("{}: expected codes with the hash {:016x}, got {:016x}", place,
                       static_cast<std::uint64_t>(difference.expected),
                       static_cast<std::uint64_t>(difference.got));
  }
  return fmt::format("{}, element {}: expected {}, got {}", place, *difference.element,
                     difference.expected, difference.got);
}

bool Report::holds() const {
  const auto has_run = [](const BackendReport& backend) { return backend.skipped.empty(); };
  return std::ranges::any_of(backends, has_run) &&
         std::ranges::all_of(backends, [](const auto& backend) { return backend.holds(); });
}

}  // namespace pare::verify
