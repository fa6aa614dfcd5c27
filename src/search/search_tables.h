#pragma once

#include <string>

#include "search/results.h"
#include "search/results_table.h"
#include "search/search.h"

namespace pare::search {

/// One row a trial, in the order of the proposals. Columns: trial, origin, status, the variables'
/// keys, the objective, the figure against it, front (whether it is in the front).
ResultsTable trials_table(const SearchPlan& plan, const SearchResult& result);

/// The rows of the front alone, in its order.
ResultsTable front_table(const SearchPlan& plan, const SearchResult& result);

/// A sweep file that runs the points that the search file's [retrain] asks for, with its seeds and
/// settings. Empty if there is no such point yet.
std::string retrain_sweep(const SearchPlan& plan, const SearchResult& result);

/// Writes trials.csv, front.csv, results.csv (see tabulate), retrain.toml and search.json into a
/// folder. `stages_of` looks a cell's results up by its key, which is a trial's.
void write_tables(const SearchPlan& plan, const SearchResult& result, const StagesOfCell& stages_of,
                  const std::string& folder);

}  // namespace pare::search
