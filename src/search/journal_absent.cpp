// The journal of a build without SQLite: it cannot be opened.
#include "base/error.h"
#include "search/journal.h"

namespace pare::search {

class Database {};

bool Journal::is_available() { return false; }

Journal::Journal(const std::string& path) {
  throw InputError(path +
                   ": this build of pare has no SQLite, which keeps the journal: install its "
                   "development files (libsqlite3-dev) and build with -DPARE_WITH_SQLITE=ON");
}

Journal::~Journal() = default;
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;

void Journal::add(std::span<const Trial>) {}
std::vector<Trial> Journal::trials() const { return {}; }
std::optional<Trial> Journal::find(const std::string&) const { return std::nullopt; }
void Journal::start(const std::string&) {}
void Journal::finish(const std::string&, const nlohmann::json&) {}
void Journal::fail(const std::string&, const std::string&) {}
void Journal::give_back(const std::string&) {}
int Journal::give_back_running() { return 0; }
void Journal::retry(const std::string&) {}

}  // namespace pare::search
