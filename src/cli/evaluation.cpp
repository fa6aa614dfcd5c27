#include "cli/evaluation.h"

#include <cmath>

#include <fmt/format.h>

#include "cli/table.h"

namespace pare::cli {
namespace {

std::string name_of(std::size_t index, const std::vector<std::string>& classes) {
  return index < classes.size() ? classes[index] : fmt::format("class {}", index);
}

std::string percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.2f}", 100 * share);
}

nlohmann::json number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(nullptr);
}

nlohmann::json by_class(const std::vector<double>& values,
                        const std::vector<std::string>& classes) {
  nlohmann::json object = nlohmann::json::object();
  for (std::size_t i = 0; i < values.size(); ++i)
    object[i < classes.size() ? classes[i] : std::to_string(i)] = number(values[i]);
  return object;
}

std::int64_t samples_of(const metrics::ConfusionMatrix& confusion, std::size_t truth) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < confusion.classes; ++i) sum += confusion.at(truth, i);
  return sum;
}

Table classes_table(const metrics::Classification& result,
                    const std::vector<std::string>& classes) {
  Table table{{{"class", Align::kLeft},
               {"samples"},
               {"AUC %"},
               {"background % at 50 % signal"},
               {"recall %"}},
              {},
              {}};
  for (std::size_t i = 0; i < result.auc.size(); ++i) {
    table.rows.push_back({name_of(i, classes), grouped(samples_of(result.confusion, i)),
                          percent(result.auc[i]), percent(result.background_efficiency[i]),
                          percent(result.recall[i])});
  }
  return table;
}

Table confusion_table(const metrics::ConfusionMatrix& confusion,
                      const std::vector<std::string>& classes) {
  Table table{{{"is \\ taken for", Align::kLeft}}, {}, {}};
  for (std::size_t truth = 0; truth < confusion.classes; ++truth) {
    table.columns.push_back({name_of(truth, classes)});
    std::vector<std::string> row{name_of(truth, classes)};
    for (std::size_t predicted = 0; predicted < confusion.classes; ++predicted) {
      row.push_back(grouped(confusion.at(truth, predicted)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// Beyond this a confusion matrix fits no terminal.
constexpr std::size_t kMaxShownClasses = 12;

}  // namespace

std::string render_evaluation(const metrics::Classification& result,
                              const std::vector<std::string>& classes) {
  std::string text = fmt::format(
      "Accuracy {} %, AUC {} % (mean over classes, one against the rest), {} samples.\n"
      "Average accuracy {} % (mean recall of the classes), Cohen's kappa {} %.\n\n{}",
      percent(result.accuracy), percent(result.auc_macro), grouped(result.samples),
      percent(result.average_accuracy), percent(result.kappa),
      render(classes_table(result, classes)));
  if (result.confusion.classes <= kMaxShownClasses) {
    text += "\n\n" + render(confusion_table(result.confusion, classes));
  }
  return text;
}

nlohmann::json evaluation_json(const metrics::Classification& result,
                               const std::vector<std::string>& classes) {
  nlohmann::json confusion = nlohmann::json::array();
  for (std::size_t truth = 0; truth < result.confusion.classes; ++truth) {
    nlohmann::json row = nlohmann::json::array();
    for (std::size_t i = 0; i < result.confusion.classes; ++i) {
      row.push_back(result.confusion.at(truth, i));
    }
    confusion.push_back(std::move(row));
  }
  return {{"samples", result.samples},
          {"accuracy", number(result.accuracy)},
          {"auc_macro", number(result.auc_macro)},
          {"auc", by_class(result.auc, classes)},
          {"background_efficiency", by_class(result.background_efficiency, classes)},
          {"confusion", std::move(confusion)},
          {"average_accuracy", number(result.average_accuracy)},
          {"kappa", number(result.kappa)},
          {"recall", by_class(result.recall, classes)}};
}

}  // namespace pare::cli
