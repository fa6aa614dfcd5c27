#include "report/sweep_report.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "report/charts.h"
#include "report/numbers.h"
#include "report/run_report.h"
#include "search/results_table.h"

namespace pare::report {
namespace {

using Json = nlohmann::json;

std::string summary_path(const std::string& folder) { return folder + "/summary.csv"; }
std::string description_path(const std::string& folder) { return folder + "/sweep.json"; }

search::ResultsTable read_summary(const std::string& folder) {
  const std::string path = summary_path(folder);
  if (!std::filesystem::exists(path)) {
    throw InputError(path +
                     ": not there yet: it is written when the sweep ends or is stopped (Ctrl-C)");
  }
  search::ResultsTable summary = search::parse_csv(read_text(path), path);
  if (summary.rows.empty()) throw InputError(path + ": no cell of this sweep is done yet");
  return summary;
}

/// "73.12 ± 0.20"; the mean alone for one seed.
std::string spread(const Json& row, const std::string& name, int decimals) {
  const std::string mean = percent(row.value(name + ".mean", Json()), decimals);
  const Json sd = row.value(name + ".sd", Json());
  return sd.is_number() ? mean + " ± " + percent(sd, decimals) : mean;
}

std::string text_of(const Json& row, const char* column) {
  const Json value = row.value(column, Json("-"));
  return value.is_string() ? value.get<std::string>() : value.dump();
}

PageTable summary_table(const search::ResultsTable& summary) {
  PageTable table;
  table.columns = {{"cells", true}, {"stage", true}, {"seeds"},      {"sparsity %"},
                   {"weights"},     {"BOPs"},        {"accuracy %"}, {"AUC %"}};
  for (const Json& row : search::to_json(summary)) {
    table.rows.push_back({text_of(row, "label"), text_of(row, "stage"), text_of(row, "seeds"),
                          percent(row.value("sparsity.mean", Json()), 1),
                          count(row.value("alive_weights.mean", Json())),
                          count(row.value("bops.weight_only_input_32.mean", Json())),
                          spread(row, "test.accuracy", 2), spread(row, "test.auc_macro", 2)});
  }
  return table;
}

}  // namespace

bool is_sweep(const std::string& folder) {
  return std::filesystem::is_regular_file(description_path(folder));
}

Page sweep_page(const std::string& folder) {
  const std::string path = description_path(folder);
  const Json sweep = parse_json(read_text(path), path);
  const search::ResultsTable summary = read_summary(folder);
  Page page{.title = required<std::string>(sweep, "name", path)};
  for (const char* key : {"description", "recipe_description"}) {
    const auto text = required<std::string>(sweep, key, path);
    if (!text.empty()) page.lead.push_back(text);
  }
  recipe::Data data;
  data.set = required<std::string>(sweep, "data_set", path);
  data.train = required<std::string>(sweep, "data_train", path);
  page.lead.push_back("Data: " + describe_data(data));
  page.sections = {
      {.heading = "Against BOPs",
       .figures = {{sweep_against_bops(summary),
                    "A line for each setting, a point a stage: the mean over seeds, and one "
                    "standard deviation to each side where there are several."}}},
      {.heading = "Means and standard deviations over seeds",
       .paragraphs =
           {"Accuracy and AUC (one class against the rest, mean over classes) on the test "
            "split. BOPs count multiplications of weights that are not pruned; the input "
            "counts 32 bits. All numbers: results.csv and summary.csv."},
       .tables = {summary_table(summary)}}};
  return page;
}

Json sweep_figure(const std::string& folder) { return sweep_against_bops(read_summary(folder)); }

}  // namespace pare::report
