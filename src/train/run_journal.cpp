#include "train/run_journal.h"

#include <array>
#include <chrono>

namespace pare::train {
namespace {

double wall_time() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

}  // namespace
RunJournal::RunJournal(const RunFolder& folder, const Position& position)
    : metrics_(folder.metrics(), position.metrics_bytes),
      events_(folder.events(), wall_time(), position.events_bytes) {}

void RunJournal::epoch(const std::string& stage, int epoch, int step, const EpochResult& result,
                       double seconds) {
  nlohmann::json validation = {{"loss", result.validation_loss},
                               {"accuracy", result.validation_accuracy}};
  if (result.gap) validation["gap"] = to_json(*result.gap);
  if (!result.not_frozen.empty()) validation["not_frozen"] = result.not_frozen;
  const nlohmann::json line = {{"event", "epoch"},
                               {"stage", stage},
                               {"epoch", epoch},
                               {"learning_rate", result.learning_rate},
                               {"train_loss", result.train_loss},
                               {"validation", validation},
                               {"seconds", seconds}};
  metrics_.append(line);
  const std::array<ScalarSummary, 4> scalars = {
      {{"loss/train", static_cast<float>(result.train_loss)},
       {"loss/validation", static_cast<float>(result.validation_loss)},
       {"accuracy/validation", static_cast<float>(result.validation_accuracy)},
       {"learning_rate", static_cast<float>(result.learning_rate)}}};
  events_.append(wall_time(), step, scalars);
}

void RunJournal::line(const nlohmann::json& object) { metrics_.append(object); }

void RunJournal::mark(Position& position) const {
  position.metrics_bytes = metrics_.offset();
  position.events_bytes = events_.offset();
}

}  // namespace pare::train
