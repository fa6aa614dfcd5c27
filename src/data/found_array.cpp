#include "data/found_array.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "base/names.h"

namespace pare::data {
namespace {

constexpr std::size_t kShownNames = 20;

}  // namespace

Tensor values_of_one(const std::string& path, const std::string& name,
                     const std::function<void(const TakeArray&)>& find,
                     const std::function<void(const TakeArray&)>& list) {
  std::optional<FoundArray> found;
  find([&](FoundArray array) {
    if (array.name == name && !found) found = std::move(array);
  });
  if (found && found->values) return std::move(*found->values);
  if (found) {
    throw InputError(
        fmt::format("{}: array '{}' holds {}, expected real numbers", path, name, found->type));
  }
  std::vector<std::string> names;
  list([&](const FoundArray& array) { names.push_back(array.name); });
  const std::string hint = did_you_mean(name, names);
  const bool is_cut = names.size() > kShownNames;
  names.resize(std::min(names.size(), kShownNames));
  throw InputError(fmt::format("{}: no array '{}'; it has {}{}{}", path, name,
                               names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")),
                               is_cut ? ", … (`pare data info` shows all)" : "", hint));
}

}  // namespace pare::data
