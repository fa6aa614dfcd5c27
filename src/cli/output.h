#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/progress.h"

namespace pare::cli {

/// What a verb prints with: stdout is for results, stderr for warnings and errors. Nothing outside
/// cli/ prints.
class Output {
 public:
  Output(std::ostream& out, std::ostream& err, bool is_terminal)
      : out_(&out), err_(&err), is_terminal_(is_terminal) {}

  /// With --json: one object on stdout, and nothing else there.
  bool is_json() const { return is_json_; }
  void set_json() { is_json_ = true; }

  /// A result for people; dropped with --json. `text` ends without a newline.
  void print(std::string_view text);
  void print(const std::string& text) { print(std::string_view(text)); }
  void print(const char* text) { print(std::string_view(text)); }

  /// The verb's result as an object; dropped without --json.
  void print(const nlohmann::json& object);

  /// "warning: …" on stderr.
  void warn(std::string_view text);

  /// "error: …" on stderr.
  void error(std::string_view text);

  /// Shows progress: a bar that redraws itself on a terminal, elsewhere a plain line each time
  /// `what` changes, is complete, or `kPlainSeconds` have passed. Silent with --json.
  ProgressSink progress();

 private:
  void clear_bar();

  std::ostream* out_;
  std::ostream* err_;
  bool is_terminal_;
  bool is_json_ = false;
  bool has_bar_ = false;
};

}  // namespace pare::cli
