// Trials come one by one: whenever a worker is free, what the journal holds is read as the history
// from which the next point is proposed, written to the journal and started.
#include "search/search.h"

#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "search/front.h"
#include "search/search_tables.h"
#include "search/trial_runner.h"

namespace pare::search {
namespace {

using Json = nlohmann::json;

Json to_json(const std::vector<Setting>& settings) {
  Json list = Json::array();
  for (const Setting& setting : settings) list.push_back({setting.key, setting.value});
  return list;
}

/// Reads what next() writes. The settings tell the point even if the variables got more values.
std::optional<Point> read_point(const SearchSpace& space, const Json& parameters) {
  std::vector<Setting> settings;
  for (const Json& pair : parameters.value("settings", Json::array())) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string()) return std::nullopt;
    settings.push_back({pair[0].get<std::string>(), pair[1]});
  }
  return find_point(space, settings);
}

int trials_wanted(const SearchFile& file) {
  return static_cast<int>(std::min<std::int64_t>(file.trials, num_points(file.space)));
}

std::vector<double> costs_of(const SearchFile& file, const Outcome& outcome) {
  std::vector<double> costs = {to_cost(file.objective, *outcome.objective)};
  if (file.against) costs.push_back(to_cost(*file.against, *outcome.against));
  return costs;
}

bool is_measured(const SearchFile& file, const Outcome& outcome) {
  return outcome.objective && (!file.against || outcome.against);
}

/// What is proposed from: only parego looks at both costs, and needs both.
std::vector<Tried> to_history(const SearchFile& file, const std::vector<Outcome>& outcomes) {
  std::vector<Tried> history;
  for (const Outcome& outcome : outcomes) {
    Tried tried{.point = outcome.point};
    const bool has_costs =
        file.method == Method::kParego ? is_measured(file, outcome) : outcome.objective.has_value();
    if (has_costs) {
      tried.standing = Standing::kMeasured;
      tried.costs = {to_cost(file.objective, *outcome.objective)};
      if (file.method == Method::kParego) tried.costs = costs_of(file, outcome);
    } else if (outcome.status == TrialStatus::kFailed || outcome.status == TrialStatus::kDone) {
      tried.standing = Standing::kFailed;
    }
    history.push_back(std::move(tried));
  }
  return history;
}

std::vector<std::size_t> front_of(const SearchFile& file, const std::vector<Outcome>& outcomes) {
  std::vector<std::size_t> measured;
  std::vector<std::vector<double>> costs;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!is_measured(file, outcomes[i])) continue;
    measured.push_back(i);
    costs.push_back(costs_of(file, outcomes[i]));
  }
  std::vector<std::size_t> front;
  for (const std::size_t i : pareto_front(costs)) front.push_back(measured[i]);
  return front;
}

class Search {
 public:
  Search(const SearchPlan& plan, const SearchOptions& options);

  bool run();
  SearchResult conclude(bool is_stopped) const;
  void write(const SearchResult& result) const;

 private:
  std::vector<Outcome> outcomes() const;
  Outcome to_outcome(const Trial& trial) const;
  std::optional<TrialJob> next();
  void report() const;

  const SearchPlan* plan_;
  const SearchOptions* options_;
  TrialRunner runner_;
  std::deque<TrialJob> waiting_;  ///< proposed before, and not ended
};

Search::Search(const SearchPlan& plan, const SearchOptions& options)
    : plan_(&plan),
      options_(&options),
      runner_({.out = options.out,
               .runs = "trials",
               .recipe_path = plan.recipe_path,
               .workers = options.workers,
               .program = options.program,
               .environment = options.environment}) {
  Journal& journal = runner_.journal();
  for (const Trial& trial : journal.trials()) {
    ResolvedPoint resolved = resolve(plan, to_outcome(trial).point);
    if (resolved.key != trial.key) {
      throw InputError(fmt::format(
          "{}: '{}' was begun with another recipe than there is now; use another output folder, "
          "or set the recipe and the search file back",
          options.out, trial.name));
    }
    if (trial.status == TrialStatus::kFailed && options.is_retrying) journal.retry(trial.key);
    if (journal.find(trial.key)->status != TrialStatus::kPending) continue;
    waiting_.push_back({trial.key, trial.name, std::move(resolved.overrides), resolved.threads});
  }
}

Outcome Search::to_outcome(const Trial& trial) const {
  const SearchFile& file = plan_->file;
  std::optional<Point> point = read_point(file.space, trial.parameters);
  if (!point) {
    throw InputError(fmt::format(
        "{}: '{}' was begun with settings that the variables of search '{}' do not hold ({}); use "
        "another output folder, or set the search file back",
        options_->out, trial.name, file.name, trial.parameters.value("settings", Json()).dump()));
  }
  Outcome outcome{.key = trial.key,
                  .name = trial.name,
                  .origin = trial.parameters.value("origin", ""),
                  .point = std::move(*point),
                  .status = trial.status,
                  .error = trial.error};
  if (trial.status == TrialStatus::kDone) {
    outcome.objective = find_figure(trial.results, file.objective);
    if (file.against) outcome.against = find_figure(trial.results, *file.against);
  }
  return outcome;
}

std::vector<Outcome> Search::outcomes() const {
  std::vector<Outcome> outcomes;
  for (const Trial& trial : runner_.journal().trials()) outcomes.push_back(to_outcome(trial));
  return outcomes;
}

bool Search::run() {
  return runner_.run([this] { return next(); }, [this] { report(); });
}

std::optional<TrialJob> Search::next() {
  if (!waiting_.empty()) {
    TrialJob job = std::move(waiting_.front());
    waiting_.pop_front();
    return job;
  }
  const SearchFile& file = plan_->file;
  const std::vector<Tried> history = to_history(file, outcomes());
  if (static_cast<int>(history.size()) >= trials_wanted(file)) return std::nullopt;
  const auto proposal = propose(
      file.space, {.method = file.method, .initial = file.initial, .seed = file.seed}, history);
  if (!proposal) return std::nullopt;
  ResolvedPoint resolved = resolve(*plan_, proposal->point);
  Trial trial{.key = resolved.key, .name = fmt::format("trial-{:03}", history.size() + 1)};
  trial.parameters = {{"overrides", resolved.overrides},
                      {"settings", to_json(settings_at(file.space, proposal->point))},
                      {"origin", proposal->origin}};
  if (const auto same = runner_.journal().find(trial.key)) {
    throw InputError(fmt::format(
        "search '{}': {} and {} come to the same recipe; expected variables of which every value "
        "changes something",
        file.name, same->parameters["settings"].dump(), trial.parameters["settings"].dump()));
  }
  runner_.journal().add({&trial, 1});
  return TrialJob{std::move(trial.key), std::move(trial.name), std::move(resolved.overrides),
                  resolved.threads};
}

void Search::report() const {
  if (!options_->progress) return;
  const SearchResult result = conclude(false);
  std::string detail = fmt::format("{} running", runner_.num_running());
  const int failed = result.count(TrialStatus::kFailed);
  if (failed > 0) detail += fmt::format("  {} failed", failed);
  if (!result.front.empty()) {
    const Outcome& best = result.outcomes[result.front.front()];
    detail +=
        fmt::format("  {} {:.5g} ({})", plan_->file.objective.name, *best.objective, best.name);
  }
  options_->progress({.what = "search " + plan_->file.name,
                      .done = failed + result.count(TrialStatus::kDone),
                      .total = result.total,
                      .unit = "trials",
                      .detail = detail});
}

SearchResult Search::conclude(bool is_stopped) const {
  SearchResult result{.total = trials_wanted(plan_->file), .outcomes = outcomes()};
  result.total = std::max(result.total, static_cast<int>(result.outcomes.size()));
  result.front = front_of(plan_->file, result.outcomes);
  result.is_stopped = is_stopped;
  return result;
}

void Search::write(const SearchResult& result) const {
  const StagesOfCell stages_of = [this](const Cell& cell) {
    return runner_.journal().find(cell.key)->results;
  };
  write_tables(*plan_, result, stages_of, options_->out);
}

}  // namespace

int SearchResult::count(TrialStatus status) const {
  return static_cast<int>(
      std::count_if(outcomes.begin(), outcomes.end(),
                    [&](const Outcome& outcome) { return outcome.status == status; }));
}

SearchResult run_search(const SearchPlan& plan, const SearchOptions& options) {
  Search search(plan, options);
  const bool is_stopped = search.run();
  const SearchResult result = search.conclude(is_stopped);
  search.write(result);
  return result;
}

std::vector<Proposal> first_proposals(const SearchFile& file) {
  const int count = std::min(file.initial, trials_wanted(file));
  std::vector<Tried> tried;
  std::vector<Proposal> proposals;
  for (int i = 0; i < count; ++i) {
    std::optional<Proposal> proposal = propose(
        file.space, {.method = file.method, .initial = file.initial, .seed = file.seed}, tried);
    if (!proposal) break;
    tried.push_back({.point = proposal->point});
    proposals.push_back(std::move(*proposal));
  }
  return proposals;
}

}  // namespace pare::search
