#include "search/journal.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/error.h"
#include "search/database.h"

namespace pare::search {
namespace {

constexpr int kApplicationId = 0x50415245;  // "PARE", in the file's header
constexpr int kSchemaVersion = 1;

constexpr const char* kSchema = R"(
  CREATE TABLE trial (
    position   INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL UNIQUE,
    parameters TEXT NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('pending', 'running', 'done', 'failed')),
    attempts   INTEGER NOT NULL DEFAULT 0,
    started_at REAL,
    ended_at   REAL,
    results    TEXT,
    error      TEXT
  );
)";

constexpr const char* kSelect =
    "SELECT key, name, parameters, status, attempts, started_at, ended_at, results, error "
    "FROM trial ";

double seconds_since_1970() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

int read_integer(const Database& database, std::string_view sql) {
  Statement statement(database, sql);
  check(statement.step(), "a query that returns one row");
  return statement.integer(0);
}

/// An empty file becomes a journal; any other must be one.
void create_or_check_schema(Database& database) {
  Transaction transaction(database);
  const int application = read_integer(database, "PRAGMA application_id");
  const bool is_empty = read_integer(database, "SELECT count(*) FROM sqlite_master") == 0;
  if (application == 0 && is_empty) {
    database.execute(kSchema);
    database.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                 kApplicationId, kSchemaVersion)
                         .c_str());
    transaction.commit();
    return;
  }
  if (application != kApplicationId) {
    throw InputError(fmt::format(
        "{}: not a journal of pare: this is the database of another program", database.path()));
  }
  const int version = read_integer(database, "PRAGMA user_version");
  if (version > kSchemaVersion) {
    throw InputError(
        fmt::format("{}: the journal has version {}, this pare reads up to version {}: use a newer "
                    "pare or another output folder",
                    database.path(), version, kSchemaVersion));
  }
}

[[noreturn]] void throw_damaged(const Database& database, std::string_view what) {
  throw InputError(
      fmt::format("{}: the journal is damaged ({}); restore it from a copy or move it away",
                  database.path(), what));
}

void check_health(const Database& database) {
  Statement statement(database, "PRAGMA quick_check(1)");
  if (!statement.step()) throw_damaged(database, "it cannot be checked");
  if (statement.text(0) != "ok") throw_damaged(database, statement.text(0));
}

nlohmann::json parse_json(const Database& database, const std::string& text) {
  if (text.empty()) return nullptr;
  nlohmann::json parsed = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (parsed.is_discarded()) throw_damaged(database, "a trial's JSON cannot be read");
  return parsed;
}

Trial read_trial(const Database& database, const Statement& row) {
  const auto status = std::find(kTrialStatusNames.begin(), kTrialStatusNames.end(), row.text(3));
  if (status == kTrialStatusNames.end()) throw_damaged(database, "a trial has an unknown status");
  return {.key = row.text(0),
          .name = row.text(1),
          .parameters = parse_json(database, row.text(2)),
          .status = static_cast<TrialStatus>(status - kTrialStatusNames.begin()),
          .attempts = row.integer(4),
          .started_at = row.number(5),
          .ended_at = row.number(6),
          .results = parse_json(database, row.text(7)),
          .error = row.text(8)};
}

/// A statement that moves one trial from one status to another has changed one row.
void run_transition(Database& database, Statement& statement, std::string_view what) {
  statement.run();
  check(sqlite3_changes(database.handle()) == 1, what);
}

}  // namespace

bool Journal::is_available() { return true; }

Journal::Journal(const std::string& path) : database_(std::make_unique<Database>(path)) {
  create_or_check_schema(*database_);
  check_health(*database_);
  database_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
}

Journal::~Journal() = default;
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;

void Journal::add(std::span<const Trial> trials) {
  Transaction transaction(*database_);
  for (const Trial& trial : trials) {
    if (find(trial.key)) continue;
    Statement same_name(*database_, "SELECT 1 FROM trial WHERE name = ?");
    if (same_name.bind(trial.name).step()) {
      throw InputError(fmt::format(
          "{}: '{}' was begun with other settings than it has now; use another output folder, or "
          "set the recipe and the sweep back",
          database_->path(), trial.name));
    }
    Statement(*database_,
              "INSERT INTO trial (key, name, parameters, status) VALUES (?, ?, ?, 'pending')")
        .bind(trial.key)
        .bind(trial.name)
        .bind(trial.parameters.dump())
        .run();
  }
  transaction.commit();
}

std::vector<Trial> Journal::trials() const {
  Statement row(*database_, std::string(kSelect) + "ORDER BY position");
  std::vector<Trial> trials;
  while (row.step()) trials.push_back(read_trial(*database_, row));
  return trials;
}

std::optional<Trial> Journal::find(const std::string& key) const {
  Statement row(*database_, std::string(kSelect) + "WHERE key = ?");
  if (!row.bind(key).step()) return std::nullopt;
  return read_trial(*database_, row);
}

void Journal::start(const std::string& key) {
  Statement statement(*database_,
                      "UPDATE trial SET status = 'running', attempts = attempts + 1, "
                      "started_at = ?, ended_at = NULL, results = NULL, error = NULL "
                      "WHERE key = ? AND status = 'pending'");
  statement.bind(seconds_since_1970()).bind(key);
  run_transition(*database_, statement, "Journal::start: the trial is not pending");
}

void Journal::finish(const std::string& key, const nlohmann::json& results) {
  Statement statement(*database_,
                      "UPDATE trial SET status = 'done', ended_at = ?, results = ? "
                      "WHERE key = ? AND status = 'running'");
  statement.bind(seconds_since_1970()).bind(results.dump()).bind(key);
  run_transition(*database_, statement, "Journal::finish: the trial is not running");
}

void Journal::fail(const std::string& key, const std::string& error) {
  Statement statement(*database_,
                      "UPDATE trial SET status = 'failed', ended_at = ?, error = ? "
                      "WHERE key = ? AND status = 'running'");
  statement.bind(seconds_since_1970()).bind(error).bind(key);
  run_transition(*database_, statement, "Journal::fail: the trial is not running");
}

void Journal::give_back(const std::string& key) {
  Statement statement(*database_,
                      "UPDATE trial SET status = 'pending' WHERE key = ? AND status = 'running'");
  statement.bind(key);
  run_transition(*database_, statement, "Journal::give_back: the trial is not running");
}

int Journal::give_back_running() {
  database_->execute("UPDATE trial SET status = 'pending' WHERE status = 'running'");
  return sqlite3_changes(database_->handle());
}

void Journal::retry(const std::string& key) {
  Statement statement(*database_,
                      "UPDATE trial SET status = 'pending' WHERE key = ? AND status = 'failed'");
  statement.bind(key);
  run_transition(*database_, statement, "Journal::retry: the trial has not failed");
}

}  // namespace pare::search
