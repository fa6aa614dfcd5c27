// The loop over a recipe's stages. All state that decides what happens next is in a Checkpoint, and
// each step of the loop goes from one checkpoint to the next: an epoch trained, or a stage ended. A
// resumed run therefore takes the same road as one that was never stopped.
#include "train/run.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <torch/torch.h>

#include "base/error.h"
#include "base/metrics_reader.h"
#include "base/version.h"
#include "compress/spike_rates.h"
#include "model/model.h"
#include "rewrite/rewind.h"
#include "train/checkpoint.h"
#include "train/folder_lock.h"
#include "train/freeze.h"
#include "train/run_folder.h"
#include "train/run_journal.h"
#include "train/stage_graph.h"
#include "train/stage_report.h"
#include "train/stage_trainer.h"
#include "train/threads.h"
#include "train/training_data.h"

namespace pare::train {
namespace {

/// A logger of this run alone, not in spdlog's registry.
spdlog::logger make_log(const RunFolder& folder) {
  return {"run", std::make_shared<spdlog::sinks::basic_file_sink_mt>(folder.log())};
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// An epoch's figures for the progress line; the gap in points of accuracy and in codes.
std::string detail_of(const EpochResult& result) {
  std::string detail =
      fmt::format("loss {:.4f}  validation {:.4f}  accuracy {:.2f} %", result.train_loss,
                  result.validation_loss, 100 * result.validation_accuracy);
  if (result.gap) {
    detail += fmt::format("  gap {:+.3f} %, {:.1e} of the codes", 100 * result.gap->accuracy,
                          result.gap->share_of_codes());
  }
  return detail;
}

class Run {
 public:
  /// `from`: where to go on; none: a fresh start.
  Run(const recipe::Recipe& recipe, RunFolder folder, const Listeners& listeners,
      std::optional<Checkpoint> from)
      : recipe_(recipe),
        folder_(std::move(folder)),
        listeners_(listeners),
        log_(make_log(folder_)),
        data_(load_training_data(recipe, device_)) {
    start(std::move(from));
  }

  RunResult execute() {
    RunJournal journal(folder_, at_.position);
    while (at_.position.stage < num_stages()) {
      train_stage(journal);
      end_stage(journal);
    }
    const std::vector<nlohmann::json> ends = read_metrics(folder_.metrics(), "stage_end");
    model::save(folder_.model(), model_of(freeze(at_.graph, data_), ends.back()));
    at_.position.is_finished = true;
    save();
    log_.info("finished");
    return {.folder = folder_.path, .data_description = data_.description, .stages = ends};
  }

 private:
  int num_stages() const { return static_cast<int>(recipe_.stages.size()); }
  const recipe::Stage& stage() const {
    return recipe_.stages[static_cast<std::size_t>(at_.position.stage)];
  }
  void save() const { save_checkpoint(folder_.checkpoint(), at_); }

  void warn(const std::string& text) {
    log_.warn(text);
    if (listeners_.warning) listeners_.warning(text);
  }

  void start(std::optional<Checkpoint> from) {
    if (from) {
      at_ = *std::move(from);
      const std::string changed = difference(at_.environment, current_environment());
      if (!changed.empty()) {
        warn("resumed under another environment, the result may differ in its last bits: " +
             changed);
        at_.position.is_mixed = true;
      }
      log_.info("resumed at stage {}, epoch {}", at_.position.stage + 1, at_.position.epoch);
    } else {
      at_.graph = initial_graph(recipe_, data_);
      log_.info("pare {}, seed {}, {} thread(s)", version(), recipe_.seed, recipe_.threads);
    }
    at_.environment = current_environment();
  }

  bool is_stage_done() const {
    const recipe::Train& train = stage().train;
    const bool is_patience_over =
        train.patience > 0 && at_.position.epochs_since_best >= train.patience;
    return at_.position.epoch >= train.epochs || is_patience_over;
  }

  void train_stage(RunJournal& journal) {
    if (at_.position.epoch == 0) {
      remember_if_asked();
      at_.graph = stage_graph(at_.graph, stage(), data_);
      warn_of_rates();
    }
    if (is_stage_done()) return;
    StageTrainer trainer(at_.graph, recipe_, at_.position.stage, data_, device_);
    if (!at_.optimizer.empty()) trainer.optimizer().load_state(at_.optimizer);
    while (!is_stage_done()) {
      const auto start = std::chrono::steady_clock::now();
      const EpochResult result = trainer.train_epoch(at_.position.epoch);
      trainer.store(at_.graph);
      at_.optimizer = trainer.optimizer().state();
      note(result);
      remember_if_asked();
      journal.epoch(stage().name, at_.position.epoch, at_.position.total_epochs, result,
                    seconds_since(start));
      journal.mark(at_.position);
      save();
      report(result);
    }
  }

  /// Neurons that carry nothing also pass no gradient worth the name: training seldom mends them.
  void warn_of_rates() {
    const auto rates = compress::spike_rates(
        at_.graph, data_.train.inputs.at_equal_distances(compress::kSpikeSamples));
    for (const std::string& text : compress::objections(rates)) {
      warn(fmt::format("stage '{}': {}", stage().name, text));
    }
  }

  /// Keeps the values that later prunings go back to.
  void remember_if_asked() {
    if (at_.position.stage != 0 || recipe::rewind_epoch(recipe_.stages) != at_.position.epoch) {
      return;
    }
    at_.graph = rewrite::remember(at_.graph);
    // The best epoch may be an earlier one; what is remembered is this one's.
    if (at_.best) at_.best = rewrite::remember(*at_.best, at_.graph);
  }

  void note(const EpochResult& result) {
    Position& position = at_.position;
    // Equal losses count as better: training may rest on a plateau without being stopped.
    if (result.validation_loss <= position.best_loss) {
      position.best_loss = result.validation_loss;
      position.best_epoch = position.epoch;
      position.epochs_since_best = 0;
      at_.best = at_.graph;
    } else {
      ++position.epochs_since_best;
    }
    ++position.epoch;
    ++position.total_epochs;
  }

  void report(const EpochResult& result) const {
    if (!listeners_.progress) return;
    const bool is_done = is_stage_done();
    listeners_.progress({.what = fmt::format("stage {} ({}/{})", stage().name,
                                             at_.position.stage + 1, num_stages()),
                         .done = at_.position.epoch,
                         .total = is_done ? at_.position.epoch : stage().train.epochs,
                         .unit = "epochs",
                         .detail = detail_of(result)});
  }

  void end_stage(RunJournal& journal) {
    if (at_.best) at_.graph = *std::exchange(at_.best, std::nullopt);
    const Frozen frozen = freeze(at_.graph, data_);
    const nlohmann::json summary =
        stage_report(at_.graph, frozen, recipe_, at_.position, data_, device_);
    if (!frozen.reason.empty()) {
      warn(fmt::format("stage '{}' ends without a program: {}", stage().name, frozen.reason));
    }
    journal.line(summary);
    log_.info("{}", summary.dump());
    model::save(folder_.stage_model(stage().name), model_of(frozen, summary));
    Position& position = at_.position;
    position = {.stage = position.stage + 1,
                .is_mixed = position.is_mixed,
                .total_epochs = position.total_epochs};
    at_.optimizer.clear();
    journal.mark(position);
    save();
  }

  model::Model model_of(const Frozen& frozen, const nlohmann::json& summary) const {
    return {.graph = rewrite::forget(at_.graph),
            .provenance = {{"pare", std::string(version())},
                           {"recipe", recipe::to_toml(recipe_)},
                           {"data", data_.description},
                           {"stage_end", summary.dump()}},
            .deployment = deployment_of(frozen, data_)};
  }

  const recipe::Recipe& recipe_;
  RunFolder folder_;
  const Listeners& listeners_;
  torch::Device device_ = torch::kCPU;
  spdlog::logger log_;
  TrainingData data_;
  Checkpoint at_;
};

RunResult finished_run(const RunFolder& folder) {
  const model::Model model = model::load(folder.model());
  const auto data = model.provenance.find("data");
  return {.folder = folder.path,
          .data_description = data == model.provenance.end() ? "" : data->second,
          .was_finished = true,
          .stages = read_metrics(folder.metrics(), "stage_end")};
}

void check_blas_threads(int threads, const Listeners& listeners) {
  if (!listeners.warning) return;
  const int found = count_threads_of_a_product();
  if (found > threads) {
    listeners.warning(fmt::format(
        "asked for {} thread(s), but the BLAS library runs {}: select the OpenMP OpenBLAS "
        "(libopenblas0-openmp) as libblas.so.3 and libopenblas.so.0 with update-alternatives",
        threads, found));
  }
}

}  // namespace

RunResult run(const recipe::Recipe& recipe, const std::string& folder, bool is_resumed,
              const Listeners& listeners) {
  set_threads(recipe.threads);
  check_blas_threads(recipe.threads, listeners);
  const RunFolder files{folder};
  prepare(files, recipe, is_resumed);
  const FolderLock lock(folder);
  std::optional<Checkpoint> from;
  if (has_checkpoint(files)) from = load_checkpoint(files.checkpoint());
  if (from && from->position.is_finished) return finished_run(files);
  return Run(recipe, files, listeners, std::move(from)).execute();
}

}  // namespace pare::train
