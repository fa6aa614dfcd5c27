#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "emit/c/c_type.h"
#include "emit/c/writer.h"

namespace pare::emit::c {

/// An integer that straight-line code has computed: a constant, or a name of int32_t or int64_t.
struct Value {
  Interval interval;          ///< of one number: a constant
  std::string text = {};      ///< "v12", "3"
  std::size_t statement = 0;  ///< that computes it; meaningless for constants

  bool is_constant() const { return interval.lowest == interval.highest; }
  CType type() const { return computing_type(interval); }
};

/// Straight-line code whose unused parts are never written.
class Statements {
 public:
  static Value constant(std::int64_t number) { return {{number, number}, literal(number), 0}; }

  /// The value as an operand of a type.
  static std::string as(CType type, const Value& value);

  /// "const int32_t v12 = expression;", or the constant that the interval says. The expression has
  /// the type `of` (none: it is converted whatever it has).
  Value define(const std::string& expression, std::optional<CType> of, Interval interval,
               const std::vector<Value>& uses);

  /// Lines as they are, written if anything uses what they compute.
  std::size_t add(std::vector<std::string> lines, const std::vector<Value>& uses);

  /// The same, always written.
  void add_root(std::string line, const std::vector<Value>& uses);
  void comment(std::string text);

  /// A name that no other has.
  std::string new_name(const char* prefix) { return prefix + std::to_string(next_++); }

  void write(Writer& writer) const;

 private:
  struct Statement {
    std::vector<std::string> lines;
    std::vector<std::size_t> uses;
    bool is_root = false;
    bool is_comment = false;
  };

  std::vector<Statement> statements_;
  int next_ = 0;
};

}  // namespace pare::emit::c
