#pragma once

#include "cli/table.h"
#include "search/results_table.h"

namespace pare::cli {

/// A sweep's summary for people: a row for each label and stage with sparsity, BOPs (weight-only,
/// input at 32 bits), accuracy and AUC as mean ± standard deviation over the seeds. What was not
/// measured is "-".
Table sweep_table(const search::ResultsTable& summary);

}  // namespace pare::cli
