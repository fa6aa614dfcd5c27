#include "search/database.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/error.h"

namespace pare::search {
namespace {

// Another process may hold the file for the length of one transaction.
constexpr int kBusyMilliseconds = 10'000;

}  // namespace

Database::Database(std::string path) : path_(std::move(path)) {
  const int code =
      sqlite3_open_v2(path_.c_str(), &handle_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  if (code != SQLITE_OK) {
    const std::string why = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
    sqlite3_close(handle_);
    throw InputError(fmt::format("{}: cannot open or create the journal: {}", path_, why));
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyMilliseconds);
}

Database::~Database() { sqlite3_close(handle_); }

void Database::execute(const char* sql) {
  check_code(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr));
}

void Database::check_code(int code) const {
  const std::string message = sqlite3_errmsg(handle_);
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return;
    case SQLITE_NOTADB:
      throw InputError(fmt::format("{}: not a journal of pare: this is no SQLite database", path_));
    case SQLITE_ERROR:  // our SQL is right: a table or column is missing from the file
    case SQLITE_CORRUPT:
      throw InputError(
          fmt::format("{}: the journal is damaged ({}); restore it from a copy or move it away",
                      path_, message));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw InputError(fmt::format("{}: another process keeps the journal locked", path_));
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
      throw InternalError(fmt::format("{}: {}", path_, message));
    default:  // disk full, read-only, I/O error, …: the message says it
      throw InputError(fmt::format("{}: cannot use the journal: {}", path_, message));
  }
}

Statement::Statement(const Database& database, std::string_view sql) : database_(&database) {
  database.check_code(sqlite3_prepare_v2(database.handle(), sql.data(),
                                         static_cast<int>(sql.size()), &handle_, nullptr));
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::bind(std::string_view text) {
  database_->check_code(sqlite3_bind_text64(handle_, ++bound_, text.data(), text.size(),
                                            SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(double number) {
  database_->check_code(sqlite3_bind_double(handle_, ++bound_, number));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  database_->check_code(code);
  return code == SQLITE_ROW;
}

void Statement::run() {
  while (step()) {
  }
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  if (bytes == nullptr) return "";
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

double Statement::number(int column) const { return sqlite3_column_double(handle_, column); }

int Statement::integer(int column) const { return sqlite3_column_int(handle_, column); }

Transaction::Transaction(Database& database) : database_(&database) {
  database_->execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // Throwing here would end the program; an unfinished transaction is undone by SQLite anyway.
  if (is_open_) sqlite3_exec(database_->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
  database_->execute("COMMIT");
  is_open_ = false;
}

}  // namespace pare::search
