#include "train/run_journal.h"

namespace pare::train {
RunJournal::RunJournal(const RunFolder& folder, const Position& position)
    : metrics_(folder.metrics(), position.metrics_bytes),
      events_(folder.events(), position.events_bytes) {}

void RunJournal::epoch(const std::string& stage, int epoch, int epochs_before,
                       const EpochResult& result, double seconds) {
  metrics_.append(
      {{"event", "epoch"},
       {"stage", stage},
       {"epoch", epoch},
       {"learning_rate", result.learning_rate},
       {"train_loss", result.train_loss},
       {"validation", {{"loss", result.validation_loss}, {"accuracy", result.validation_accuracy}}},
       {"seconds", seconds}});
  const std::int64_t step = epochs_before;
  events_.scalar("loss/train", step, result.train_loss);
  events_.scalar("loss/validation", step, result.validation_loss);
  events_.scalar("accuracy/validation", step, result.validation_accuracy);
  events_.scalar("learning_rate", step, result.learning_rate);
}

void RunJournal::line(const nlohmann::json& object) { metrics_.append(object); }

void RunJournal::mark(Position& position) const {
  position.metrics_bytes = metrics_.bytes();
  position.events_bytes = events_.bytes();
}

}  // namespace pare::train
