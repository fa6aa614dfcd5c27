#pragma once

#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace pare::search {

/// An SQLite file. Every failure of SQLite is thrown as InputError that names the file (damaged, no
/// database, disk full, not writable, locked), but misuse by us, which is an InternalError.
class Database {
 public:
  /// Opens `path` for reading and writing, or creates it. Nothing is read yet.
  explicit Database(std::string path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs statements whose rows, if any, are of no interest.
  void execute(const char* sql);

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }

  /// Throws what a result code means unless it says that all is well.
  void check_code(int code) const;

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

/// One statement with its parameters.
class Statement {
 public:
  Statement(const Database& database, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// Gives the next parameter (`?`) its value.
  Statement& bind(std::string_view text);
  Statement& bind(double number);

  /// Goes to the next row. False: there is none.
  bool step();

  /// Runs a statement without rows to its end.
  void run();

  /// Columns of the current row, from 0.
  std::string text(int column) const;  ///< "" for NULL
  double number(int column) const;     ///< 0 for NULL
  int integer(int column) const;       ///< 0 for NULL

 private:
  const Database* database_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

/// All that is done while it lives happens together at commit(), or not at all.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  Database* database_;
  bool is_open_ = true;
};

}  // namespace pare::search
