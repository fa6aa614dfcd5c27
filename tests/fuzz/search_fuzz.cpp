// Any text is either refused with an InputError, or is a search file whose first points lie in its
// space and can be found again by their settings.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "search/search.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  pare::search::SearchFile file;
  try {
    file = pare::search::parse_search_file(std::string(reinterpret_cast<const char*>(data), size),
                                           "fuzz");
  } catch (const pare::InputError&) {
    return 0;
  }
  file.initial = std::min(file.initial, 3);
  for (const pare::search::Proposal& proposal : pare::search::first_proposals(file)) {
    const auto found =
        pare::search::find_point(file.space, pare::search::settings_at(file.space, proposal.point));
    pare::check(found == proposal.point, "a point is not found by its settings");
  }
  return 0;
}
