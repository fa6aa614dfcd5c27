#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "search/figure.h"
#include "search/proposal.h"
#include "search/search_space.h"
#include "search/setting.h"

namespace pare::search {

/// Which trials the sweep file retrain.toml has.
enum class Retrained { kFront, kBest, kAll };

/// What is trained again after a search: a sweep of the points found, with other settings.
struct Retraining {
  Retrained trials = Retrained::kFront;
  std::vector<std::int64_t> seeds = {};  ///< empty: the recipe's
  std::vector<Setting> set = {};         ///< besides the point's own
};

/// A search file as it is written (docs/search.md); the recipe is not read yet.
struct SearchFile {
  std::string name = {};
  std::string description = {};
  std::string recipe = {};  ///< path, relative to the file
  Method method = Method::kBayes;
  int trials = 20;
  int initial = 5;
  std::uint64_t seed = 1;
  int workers = 1;
  std::vector<Setting> set = {};  ///< of every trial, in the order of the file
  Figure objective = {};
  std::optional<Figure> against = {};
  SearchSpace space = {};
  Retraining retrain = {};
};

/// Throws InputError naming `origin`, line and key.
SearchFile parse_search_file(const std::string& toml, const std::string& origin);

}  // namespace pare::search
