#pragma once

#include <vector>

#include <nlohmann/json.hpp>

#include "search/results_table.h"

namespace pare::report {

// Figures as Vega-Lite specifications (https://vega.github.io/vega-lite) with their data inside.

/// Loss and accuracy over all epochs of a run, from the "epoch" lines of its metrics.jsonl; a rule
/// marks where a stage begins.
nlohmann::json learning_curves(const std::vector<nlohmann::json>& epochs);

/// Test accuracy (validation accuracy where there is no test) against BOPs (weight-only, input at
/// 32 bits, logarithmic), a point a stage, from the "stage_end" lines of metrics.jsonl.
nlohmann::json accuracy_against_bops(const std::vector<nlohmann::json>& stages);

/// What the vertical axis of a sweep's figure shows.
struct SweepMeasure {
  std::string column;  ///< of the summary, without ".mean"
  std::string title;
};

/// The first of macro AUC, test accuracy and validation accuracy that the summary holds.
/// Throws InputError if it holds none.
SweepMeasure measure_of(const search::ResultsTable& summary);

/// The measure against BOPs (as above) from a sweep's summary.csv: a line for each label, a point a
/// stage, error bars of one standard deviation over the seeds.
nlohmann::json sweep_against_bops(const search::ResultsTable& summary);

}  // namespace pare::report
