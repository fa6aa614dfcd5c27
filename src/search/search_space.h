#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "search/setting.h"

namespace pare::search {

enum class Scale { kLinear, kLog };

/// A key of the recipe and the values that a search may give it.
struct Variable {
  std::string key;
  std::vector<nlohmann::json> values = {};  ///< numbers in rising order, or anything in any order
  Scale scale = Scale::kLinear;             ///< kLog: numbers, all above 0

  /// Whether the values are numbers, near ones with like effects; else they are mere choices.
  bool is_numeric() const;
};

/// For each variable the number of its value.
using Point = std::vector<int>;

/// A grid of points: all combinations of the variables' values.
struct SearchSpace {
  std::vector<Variable> variables = {};
};

/// How many points there are; 2^63 - 1 if they are more than that.
std::int64_t num_points(const SearchSpace& space);

/// Point number `number` when the last variable changes fastest. REQUIRES: less than num_points().
Point point_at(const SearchSpace& space, std::int64_t number);

/// The point in whose cell of the unit cube these coordinates, one a variable, lie: each value has
/// an equal share of its coordinate.
Point point_in(const SearchSpace& space, std::span<const double> unit_coordinates);

/// The point as a place in a unit cube for a model of the objective: a variable of numbers has one
/// coordinate, linear in the number or its logarithm; a choice has one for each of its values, of
/// which that of the value is 1/√2, so that different choices have the distance 1.
std::vector<double> coordinates(const SearchSpace& space, const Point& point);

/// The points that differ from `point` in one variable: by 1, 2, 4, … values up and down in one of
/// numbers, by any value in a choice.
std::vector<Point> neighbours(const SearchSpace& space, const Point& point);

std::vector<Setting> settings_at(const SearchSpace& space, const Point& point);

/// The point with these settings; nothing if the space has none.
std::optional<Point> find_point(const SearchSpace& space, const std::vector<Setting>& settings);

}  // namespace pare::search
