#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace pare::search {

class Database;

enum class TrialStatus { kPending, kRunning, kDone, kFailed };
/// In its order.
inline constexpr std::array<std::string_view, 4> kTrialStatusNames = {"pending", "running", "done",
                                                                      "failed"};

/// One piece of work: what is tried, how far it is, and what came out. A cell of a sweep is a
/// trial.
struct Trial {
  std::string key;   ///< says what is tried, to the last bit; unique in a journal
  std::string name;  ///< for people; unique in a journal
  nlohmann::json parameters = nlohmann::json::object();
  TrialStatus status = TrialStatus::kPending;
  int attempts = 0;                  ///< how often it was started
  double started_at = 0;             ///< of the last attempt, in seconds since 1970; 0: never
  double ended_at = 0;               ///< 0: not ended
  nlohmann::json results = nullptr;  ///< null until done
  std::string error = {};            ///< why it failed
};

/// The memory of a search: an SQLite file (docs/formats/journal.md) in which every change is on the
/// disk when the call returns, so that a crash at any moment loses no trial that has ended.
///
/// All calls throw InputError naming the file where the disk is full, the file is not writable or
/// another process keeps it locked.
class Journal {
 public:
  /// Whether this build has SQLite. Where it has not, opening a journal throws InputError.
  static bool is_available();

  /// Opens `path`, or creates it. Throws InputError if the file is damaged, is no journal, or is of
  /// a newer version.
  explicit Journal(const std::string& path);
  ~Journal();
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;

  /// Adds those trials whose key is not there yet, as pending; all or none. Throws InputError if
  /// another trial has the name of a new one.
  void add(std::span<const Trial> trials);

  /// All trials, in the order in which they were added.
  std::vector<Trial> trials() const;

  std::optional<Trial> find(const std::string& key) const;

  /// pending -> running: one more attempt. Throws InternalError for any other status.
  void start(const std::string& key);

  /// running -> done.
  void finish(const std::string& key, const nlohmann::json& results);

  /// running -> failed.
  void fail(const std::string& key, const std::string& error);

  /// running -> pending: stopped before its end, to go on later.
  void give_back(const std::string& key);

  /// Every running trial becomes pending: for when their workers are known to be gone.
  /// Returns how many.
  int give_back_running();

  /// failed -> pending, to be tried again.
  void retry(const std::string& key);

 private:
  std::unique_ptr<Database> database_;
};

}  // namespace pare::search
