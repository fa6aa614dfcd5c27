#include "emit/c/statements.h"

#include <utility>

namespace pare::emit::c {

std::string Statements::as(CType type, const Value& value) {
  if (value.is_constant()) return literal(value.interval.lowest, type);
  if (value.type() == type) return value.text;
  return fmt::format("({}){}", to_string(type), value.text);
}

Value Statements::define(const std::string& expression, std::optional<CType> of, Interval interval,
                         const std::vector<Value>& uses) {
  if (interval.lowest == interval.highest) return constant(interval.lowest);
  Value value{interval, new_name("v")};
  const std::string type = to_string(value.type());
  const std::string converted =
      value.type() == of ? expression : fmt::format("({})({})", type, expression);
  value.statement = add({fmt::format("const {} {} = {};", type, value.text, converted)}, uses);
  return value;
}

std::size_t Statements::add(std::vector<std::string> lines, const std::vector<Value>& uses) {
  Statement statement{std::move(lines), {}};
  for (const Value& value : uses) {
    if (!value.is_constant()) statement.uses.push_back(value.statement);
  }
  statements_.push_back(std::move(statement));
  return statements_.size() - 1;
}

void Statements::add_root(std::string line, const std::vector<Value>& uses) {
  statements_[add({std::move(line)}, uses)].is_root = true;
}

void Statements::comment(std::string text) {
  statements_.push_back({{std::move(text)}, {}, false, true});
}

void Statements::write(Writer& writer) const {
  // Uses point backwards.
  std::vector<bool> is_used(statements_.size());
  for (std::size_t i = statements_.size(); i-- > 0;) {
    if (statements_[i].is_root) is_used[i] = true;
    if (!is_used[i]) continue;
    for (const std::size_t use : statements_[i].uses) is_used[use] = true;
  }
  for (std::size_t i = 0; i < statements_.size(); ++i) {
    if (!is_used[i] && !statements_[i].is_comment) continue;
    for (const std::string& line : statements_[i].lines) writer.line("{}", line);
  }
}

}  // namespace pare::emit::c
