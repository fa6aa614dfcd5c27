#include "search/search_space.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"

namespace pare::search {
namespace {

int last_value(const Variable& variable) { return static_cast<int>(variable.values.size()) - 1; }

double scaled(const Variable& variable, int value) {
  const auto number = variable.values[static_cast<std::size_t>(value)].get<double>();
  return variable.scale == Scale::kLog ? std::log(number) : number;
}

/// Where a number lies between the variable's first and last one.
double position(const Variable& variable, int value) {
  const double first = scaled(variable, 0);
  const double last = scaled(variable, last_value(variable));
  return last > first ? (scaled(variable, value) - first) / (last - first) : 0;
}

}  // namespace

bool Variable::is_numeric() const {
  return std::all_of(values.begin(), values.end(),
                     [](const nlohmann::json& value) { return value.is_number(); });
}

std::int64_t num_points(const SearchSpace& space) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::int64_t points = 1;
  for (const Variable& variable : space.variables) {
    const auto size = static_cast<std::int64_t>(variable.values.size());
    if (size > 0 && points > kMost / size) return kMost;
    points *= size;
  }
  return points;
}

Point point_at(const SearchSpace& space, std::int64_t number) {
  Point point(space.variables.size());
  for (std::size_t i = point.size(); i > 0; --i) {
    const auto size = static_cast<std::int64_t>(space.variables[i - 1].values.size());
    point[i - 1] = static_cast<int>(number % size);
    number /= size;
  }
  check(number == 0, "point_at: there is no such point");
  return point;
}

Point point_in(const SearchSpace& space, std::span<const double> unit_coordinates) {
  Point point;
  for (const Variable& variable : space.variables) {
    const double share = unit_coordinates[point.size()] * (last_value(variable) + 1);
    point.push_back(std::clamp(static_cast<int>(share), 0, last_value(variable)));
  }
  return point;
}

std::vector<double> coordinates(const SearchSpace& space, const Point& point) {
  std::vector<double> place;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Variable& variable = space.variables[i];
    if (variable.is_numeric()) {
      place.push_back(position(variable, point[i]));
      continue;
    }
    for (int value = 0; value <= last_value(variable); ++value) {
      place.push_back(value == point[i] ? 1 / std::numbers::sqrt2 : 0);
    }
  }
  return place;
}

std::vector<Point> neighbours(const SearchSpace& space, const Point& point) {
  std::vector<Point> found;
  const auto add = [&](std::size_t variable, int value) {
    if (value < 0 || value > last_value(space.variables[variable])) return;
    found.push_back(point);
    found.back()[variable] = value;
  };
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Variable& variable = space.variables[i];
    if (variable.is_numeric()) {
      for (int step = 1; step <= last_value(variable); step *= 2) {
        add(i, point[i] - step);
        add(i, point[i] + step);
      }
      continue;
    }
    for (int value = 0; value <= last_value(variable); ++value) {
      if (value != point[i]) add(i, value);
    }
  }
  return found;
}

std::vector<Setting> settings_at(const SearchSpace& space, const Point& point) {
  std::vector<Setting> settings;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const Variable& variable = space.variables[i];
    settings.push_back({variable.key, variable.values[static_cast<std::size_t>(point[i])]});
  }
  return settings;
}

std::optional<Point> find_point(const SearchSpace& space, const std::vector<Setting>& settings) {
  if (settings.size() != space.variables.size()) return std::nullopt;
  Point point;
  for (const Variable& variable : space.variables) {
    const auto setting = std::find_if(settings.begin(), settings.end(), [&](const Setting& other) {
      return other.key == variable.key;
    });
    if (setting == settings.end()) return std::nullopt;
    const auto value = std::find(variable.values.begin(), variable.values.end(), setting->value);
    if (value == variable.values.end()) return std::nullopt;
    point.push_back(static_cast<int>(value - variable.values.begin()));
  }
  return point;
}

}  // namespace pare::search
