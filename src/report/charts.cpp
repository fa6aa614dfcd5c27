#include "report/charts.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace pare::report {
namespace {

using Json = nlohmann::json;

constexpr const char* kBops = "bops.weight_only_input_32";
constexpr const char* kBopsTitle = "BOPs per inference (weight-only, input at 32 bits)";

Json base_spec(const std::string& description) {
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"description", description},
          {"background", "white"},
          {"config",
           {{"font", "system-ui, sans-serif"},
            {"axis", {{"labelFontSize", 12}, {"titleFontSize", 13}, {"titleFontWeight", 500}}},
            {"legend", {{"labelFontSize", 12}, {"titleFontSize", 13}, {"labelLimit", 300}}},
            // Told apart by those who see colours differently. Ref: Okabe and Ito 2008.
            {"range",
             {{"category",
               {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
                "#8C6D31", "#7F7F7F", "#9467BD"}}}}}}};
}

/// Drag to move, scroll to zoom.
Json zoom() { return {{{"name", "view"}, {"select", "interval"}, {"bind", "scales"}}}; }

Json bops_axis(int padding) {
  return {{"field", "bops"},
          {"type", "quantitative"},
          {"title", kBopsTitle},
          {"scale", {{"type", "log"}, {"nice", false}, {"padding", padding}}},
          {"axis", {{"format", "~s"}, {"labelOverlap", true}}}};
}

Json number_at(const Json& object, const char* pointer) {
  const Json::json_pointer at(pointer);
  return object.contains(at) && object.at(at).is_number() ? object.at(at) : Json();
}

/// Epochs in one row, numbered through, and where stages begin.
struct Epochs {
  Json losses = Json::array();
  Json accuracies = Json::array();
  Json stages = Json::array();
};

Epochs number_through(const std::vector<Json>& epochs) {
  Epochs all;
  std::string last_stage;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    const Json& epoch = epochs[i];
    const std::string stage = epoch.value("stage", "");
    const std::size_t number = i + 1;
    if (i == 0 || stage != last_stage) all.stages.push_back({{"epoch", number}, {"stage", stage}});
    last_stage = stage;
    const auto point = [&](const char* series, const Json& value) -> Json {
      return {{"epoch", number}, {"stage", stage}, {"series", series}, {"value", value}};
    };
    all.losses.push_back(point("training", number_at(epoch, "/train_loss")));
    all.losses.push_back(point("validation", number_at(epoch, "/validation/loss")));
    all.accuracies.push_back(point("validation", number_at(epoch, "/validation/accuracy")));
  }
  return all;
}

Json curve_panel(const Json& points, const Json& stages, const std::string& title, int height) {
  const Json x = {{"field", "epoch"}, {"type", "quantitative"}, {"title", "epoch"}};
  const Json line = {{"data", {{"values", points}}},
                     {"mark", {{"type", "line"}, {"tooltip", true}}},
                     {"encoding",
                      {{"x", x},
                       {"y",
                        {{"field", "value"},
                         {"type", "quantitative"},
                         {"title", title},
                         {"scale", {{"zero", false}}}}},
                       {"color", {{"field", "series"}, {"type", "nominal"}, {"title", nullptr}}}}}};
  const Json rule = {{"data", {{"values", stages}}},
                     {"mark", {{"type", "rule"}, {"color", "#b0b8c0"}, {"strokeDash", {3, 3}}}},
                     {"encoding", {{"x", x}}}};
  const Json name = {
      {"data", {{"values", stages}}},
      {"mark",
       {{"type", "text"},
        {"align", "right"},
        {"baseline", "top"},
        {"angle", 270},
        {"dx", -2},
        {"dy", 3},
        {"fontSize", 11},
        {"color", "#57606a"}}},
      {"encoding",
       {{"x", x}, {"y", {{"value", 0}}}, {"text", {{"field", "stage"}, {"type", "nominal"}}}}}};
  return {{"width", 760}, {"height", height}, {"layer", {rule, name, line}}};
}

/// The points of a sweep's figure and its labels, each once, in their order.
struct SweepPoints {
  Json points = Json::array();
  Json labels = Json::array();
};

SweepPoints sweep_points(const search::ResultsTable& summary, const std::string& column) {
  SweepPoints sweep;
  for (const Json& row : search::to_json(summary)) {
    const Json mean = row.value(column + ".mean", Json());
    const Json bops = row.value(std::string(kBops) + ".mean", Json());
    if (!mean.is_number() || !bops.is_number()) continue;
    const Json sd = row.value(column + ".sd", Json());
    const double deviation = sd.is_number() ? sd.get<double>() : 0;
    const Json label = row.value("label", Json(""));
    const std::string name = label.is_string() ? label.get<std::string>() : label.dump();
    if (std::find(sweep.labels.begin(), sweep.labels.end(), name) == sweep.labels.end()) {
      sweep.labels.push_back(name);
    }
    sweep.points.push_back({{"label", name},
                            {"stage", row.value("stage", Json())},
                            {"order", sweep.points.size()},
                            {"bops", bops},
                            {"mean", mean},
                            {"low", mean.get<double>() - deviation},
                            {"high", mean.get<double>() + deviation},
                            {"sd", sd},
                            {"seeds", row.value("seeds", Json())},
                            {"sparsity", row.value("sparsity.mean", Json())}});
  }
  return sweep;
}

}  // namespace

Json learning_curves(const std::vector<Json>& epochs) {
  const Epochs all = number_through(epochs);
  Json spec = base_spec("Loss and accuracy over the epochs of all stages");
  spec["vconcat"] = {curve_panel(all.losses, all.stages, "loss", 240),
                     curve_panel(all.accuracies, all.stages, "validation accuracy", 180)};
  return spec;
}

Json accuracy_against_bops(const std::vector<Json>& stages) {
  Json points = Json::array();
  for (const Json& stage : stages) {
    const bool has_test = stage.contains("test");
    points.push_back(
        {{"stage", stage.value("stage", "")},
         {"order", points.size()},
         {"bops", number_at(stage, "/bops/weight_only_input_32")},
         {"accuracy", number_at(stage, has_test ? "/test/accuracy" : "/validation/accuracy")},
         {"split", has_test ? "test" : "validation"},
         {"sparsity", number_at(stage, "/sparsity")}});
  }
  const Json y = {{"field", "accuracy"},
                  {"type", "quantitative"},
                  {"title", "accuracy"},
                  {"scale", {{"zero", false}, {"padding", 50}}}};
  const Json order = {{"field", "order"}, {"type", "quantitative"}};
  const Json label = {{"mark", {{"type", "text"}, {"align", "left"}, {"angle", 45}, {"dx", 8}}},
                      {"encoding", {{"text", {{"field", "stage"}, {"type", "nominal"}}}}}};
  const Json tooltip = {{{"field", "stage"}},
                        {{"field", "accuracy"}, {"format", ".4f"}},
                        {{"field", "split"}},
                        {{"field", "bops"}, {"format", ",.0f"}},
                        {{"field", "sparsity"}, {"format", ".1%"}}};
  const Json line = {{"mark", {{"type", "line"}, {"point", {{"size", 60}, {"filled", true}}}}},
                     {"encoding", {{"order", order}, {"tooltip", tooltip}}},
                     {"params", zoom()}};
  Json spec = base_spec("Accuracy against BOPs, a point a stage");
  spec["width"] = 760;
  spec["height"] = 320;
  spec["data"] = {{"values", points}};
  spec["encoding"] = {{"x", bops_axis(40)}, {"y", y}};
  spec["layer"] = {line, label};
  return spec;
}

SweepMeasure measure_of(const search::ResultsTable& summary) {
  const std::vector<SweepMeasure> measures = {
      {"test.auc_macro", "macro AUC on the test split"},
      {"test.accuracy", "accuracy on the test split"},
      {"validation.accuracy", "accuracy on the validation split"}};
  for (const SweepMeasure& measure : measures) {
    const auto found =
        std::find(summary.columns.begin(), summary.columns.end(), measure.column + ".mean");
    if (found != summary.columns.end()) return measure;
  }
  throw InputError(
      "the sweep's summary.csv has neither test.auc_macro.mean nor test.accuracy.mean nor "
      "validation.accuracy.mean: nothing to draw");
}

Json sweep_against_bops(const search::ResultsTable& summary) {
  const SweepMeasure measure = measure_of(summary);
  const auto [points, labels] = sweep_points(summary, measure.column);
  const Json color = {
      {"field", "label"}, {"type", "nominal"}, {"title", nullptr}, {"scale", {{"domain", labels}}}};
  const Json y = {{"field", "mean"},
                  {"type", "quantitative"},
                  {"title", measure.title},
                  {"scale", {{"zero", false}}}};
  const Json tooltip = {{{"field", "label"}},
                        {{"field", "stage"}},
                        {{"field", "mean"}, {"format", ".4f"}},
                        {{"field", "sd"}, {"format", ".4f"}},
                        {{"field", "seeds"}},
                        {{"field", "bops"}, {"format", ",.0f"}},
                        {{"field", "sparsity"}, {"format", ".1%"}}};
  const Json order = {{"field", "order"}, {"type", "quantitative"}};
  const Json bars = {{"mark", {{"type", "errorbar"}, {"ticks", true}}},
                     {"encoding",
                      {{"y",
                        {{"field", "low"},
                         {"type", "quantitative"},
                         {"title", measure.title},
                         {"scale", {{"zero", false}}}}},
                       {"y2", {{"field", "high"}}}}}};
  const Json line = {{"mark", {{"type", "line"}, {"point", {{"size", 45}, {"filled", true}}}}},
                     {"encoding", {{"y", y}, {"order", order}, {"tooltip", tooltip}}},
                     {"params", zoom()}};
  Json spec = base_spec(measure.title + " against BOPs");
  spec["width"] = 720;
  spec["height"] = 420;
  spec["data"] = {{"values", points}};
  spec["encoding"] = {{"x", bops_axis(20)}, {"color", color}};
  spec["layer"] = {bars, line};
  return spec;
}

}  // namespace pare::report
