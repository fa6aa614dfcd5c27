#pragma once

#include "cli/table.h"
#include "search/search.h"

namespace pare::cli {

/// For people: the front, where the search has a figure against the objective; else the ten best
/// trials. One row a trial with its settings, the objective and the figure against it.
Table search_table(const search::SearchPlan& plan, const search::SearchResult& result);

/// The variables of a search with their values.
Table variable_table(const search::SearchSpace& space);

}  // namespace pare::cli
