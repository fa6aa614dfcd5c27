#include "report/run_report.h"

#include <filesystem>

#include <fmt/format.h>

#include "base/error.h"
#include "base/metrics_reader.h"
#include "data/catalogue.h"
#include "report/charts.h"
#include "report/numbers.h"

namespace pare::report {
namespace {

using Json = nlohmann::json;

std::string metrics_path(const std::string& folder) { return folder + "/metrics.jsonl"; }

PageTable stage_table(const std::vector<Json>& stages) {
  PageTable table;
  table.columns = {{"stage", true},    {"W / A bits"}, {"sparsity %"},   {"weights"},
                   {"non-zero codes"}, {"BOPs"},       {"accuracy %"},   {"AA %"},
                   {"kappa %"},        {"AUC %"},      {"validation %"}, {"epochs"}};
  for (const Json& stage : stages) {
    table.rows.push_back(
        {stage.value("stage", ""),
         bits_at(stage, "/weight_bits") + " / " + bits_at(stage, "/activation_bits"),
         percent_at(stage, "/sparsity", 1), count_at(stage, "/alive_weights"),
         count_at(stage, "/nonzero_weights_after_quantization"),
         count_at(stage, "/bops/weight_only_input_32"), percent_at(stage, "/test/accuracy", 2),
         percent_at(stage, "/test/average_accuracy", 2), percent_at(stage, "/test/kappa", 2),
         percent_at(stage, "/test/auc_macro", 2), percent_at(stage, "/validation/accuracy", 2),
         count_at(stage, "/epochs")});
  }
  return table;
}

/// Digits of a program's hash that tell it from others.
constexpr std::size_t kShownHash = 12;

/// Names of the classes that have an AUC, in the data's order where the run says it.
std::vector<std::string> class_names(const Json& test) {
  std::vector<std::string> names;
  for (const Json& name : test.value("classes", Json::array())) {
    if (name.is_string() && test.at("auc").contains(name.get<std::string>())) {
      names.push_back(name.get<std::string>());
    }
  }
  if (!names.empty()) return names;
  for (const auto& item : test.at("auc").items()) names.push_back(item.key());
  return names;
}

/// AUC and background efficiency of each class of one stage; without rows if it has none.
PageTable class_table(const Json& stage) {
  PageTable table;
  table.columns = {
      {"class", true}, {"AUC %"}, {"background efficiency at 50 % signal efficiency, %"}};
  const Json::json_pointer auc("/test/auc");
  if (!stage.contains(auc) || !stage.at(auc).is_object()) return table;
  const Json efficiencies = stage.at("test").value("background_efficiency", Json::object());
  for (const std::string& name : class_names(stage.at("test"))) {
    table.rows.push_back({name, percent(stage.at(auc).value(name, Json()), 2),
                          percent(efficiencies.value(name, Json()), 3)});
  }
  return table;
}

/// How each stage was frozen; without rows if nothing was quantized.
PageTable frozen_table(const std::vector<Json>& stages) {
  PageTable table;
  table.columns = {{"stage", true},
                   {"figures are of", true},
                   {"gap, points of accuracy"},
                   {"codes that differ"},
                   {"of"},
                   {"program, or why not", true}};
  for (const Json& stage : stages) {
    const std::string reason = stage.value("not_frozen", "");
    if (!stage.contains("gap") && reason.empty()) continue;
    const Json::json_pointer program("/frozen/program");
    const bool is_exact = stage.value("forward", "") == "exact";
    table.rows.push_back(
        {stage.value("stage", ""), is_exact ? "the integer program" : "the training forward",
         percent_at(stage, "/gap/accuracy", 3), count_at(stage, "/gap/different_codes"),
         count_at(stage, "/gap/codes"),
         stage.contains(program) ? stage.at(program).get<std::string>().substr(0, kShownHash)
                                 : reason});
  }
  return table;
}

/// What symmetric weights change where training had affine ones; without rows if it never had.
PageTable affine_table(const std::vector<Json>& stages) {
  PageTable table;
  table.columns = {{"stage", true},    {"affine, validation %"}, {"symmetric, validation %"},
                   {"change, points"}, {"affine, test %"},       {"symmetric, test %"},
                   {"change, points"}};
  for (const Json& stage : stages) {
    if (!stage.contains("affine")) continue;
    table.rows.push_back(
        {stage.value("stage", ""), percent_at(stage, "/affine/validation/accuracy", 2),
         percent_at(stage, "/validation/accuracy", 2),
         percent_at(stage, "/affine/validation/delta", 2),
         percent_at(stage, "/affine/test/accuracy", 2), percent_at(stage, "/test/accuracy", 2),
         percent_at(stage, "/affine/test/delta", 2)});
  }
  return table;
}

Section stages_section(const std::vector<Json>& stages) {
  if (stages.empty()) return {.heading = "Stages", .paragraphs = {"No stage has ended yet."}};
  return {
      .heading = "Stages",
      .paragraphs = {"Accuracy and AUC (one class against the rest, mean over classes) on the "
                     "test split, at the end of each stage. BOPs count multiplications of "
                     "weights that are not pruned; the input counts 32 bits. W / A: weights and "
                     "activations; validation: accuracy on the split that chose the epoch."},
      .tables = {stage_table(stages)}};
}

std::vector<Section> sections_of(const std::vector<Json>& stages, const std::vector<Json>& epochs) {
  std::vector<Section> sections = {stages_section(stages)};
  if (!stages.empty()) {
    sections.push_back(
        {.heading = "Accuracy against BOPs",
         .figures = {{accuracy_against_bops(stages),
                      "A point a stage, in the order in which they were trained."}}});
  }
  if (!epochs.empty()) {
    sections.push_back(
        {.heading = "Training",
         .figures = {{learning_curves(epochs),
                      "Epochs of all stages in one row; a dashed line is where a stage begins. The "
                      "loss includes penalties. The best epoch's state is kept in each stage."}}});
  }
  if (stages.empty()) return sections;
  PageTable frozen = frozen_table(stages);
  if (!frozen.rows.empty()) {
    sections.push_back({.heading = "Frozen",
                        .paragraphs = {"How far training (float32) was from the integer program "
                                       "that is left of each stage, on the validation split: its "
                                       "accuracy less the program's, and activations whose codes "
                                       "differ."},
                        .tables = {std::move(frozen)}});
  }
  PageTable affine = affine_table(stages);
  if (!affine.rows.empty()) {
    sections.push_back({.heading = "Affine weights",
                        .paragraphs = {"Training computed with affine weights; what is left of the "
                                       "stage, and of which all other figures are, has the same "
                                       "weights by the symmetric map."},
                        .tables = {std::move(affine)}});
  }
  PageTable classes = class_table(stages.back());
  if (!classes.rows.empty()) {
    sections.push_back(
        {.heading = "Classes after " + stages.back().value("stage", "the last stage"),
         .tables = {std::move(classes)}});
  }
  return sections;
}

}  // namespace

bool is_run(const std::string& folder) {
  return std::filesystem::is_regular_file(metrics_path(folder));
}

std::string describe_data(const recipe::Data& data) {
  if (!data.set.empty()) return data.set + ": " + data::find_set(data.set).description;
  return data.test.empty() ? data.train : data.train + ", test: " + data.test;
}

Page run_page(const std::string& folder) {
  const recipe::Recipe recipe = recipe::read(folder + "/recipe.toml");
  const std::vector<Json> stages = read_metrics(metrics_path(folder), "stage_end");
  const std::vector<Json> epochs = read_metrics(metrics_path(folder), "epoch");
  Page page{.title = recipe.name};
  if (!recipe.description.empty()) page.lead.push_back(recipe.description);
  page.lead.push_back("Data: " + describe_data(recipe.data));
  page.lead.push_back(
      fmt::format("Seed {}, {} thread(s), folder {}", recipe.seed, recipe.threads, folder));
  page.sections = sections_of(stages, epochs);
  return page;
}

Json run_figure(const std::string& folder) {
  const std::vector<Json> stages = read_metrics(metrics_path(folder), "stage_end");
  if (stages.empty()) throw InputError(metrics_path(folder) + ": no stage has ended yet");
  return accuracy_against_bops(stages);
}

}  // namespace pare::report
