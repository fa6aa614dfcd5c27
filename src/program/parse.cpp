// Recursive descent over tokens, one function a statement. Names of buffers, constants and trip
// counts are looked up as they are read: each is declared before it is used. What the statements
// mean together is left to program::check.

#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/names.h"
#include "program/check.h"
#include "program/text.h"
#include "program/text_names.h"
#include "program/tokens.h"

namespace pare::program {
namespace {

class Parser {
 public:
  Parser(std::string_view text, const std::string& origin) : tokens_(text, origin) {}

  Program parse() {
    read_version();
    program_.name = tokens_.take_name("the program's name");
    while (tokens_.accept("trip_count")) read_trip_count();
    while (tokens_.accept("buffer")) read_buffer();
    while (tokens_.accept("constant")) read_constant();
    tokens_.expect("inputs");
    while (!is_next("outputs")) program_.inputs.push_back(take_buffer());
    tokens_.expect("outputs");
    while (!is_next("section") && tokens_.peek().kind != Token::Kind::kEnd) {
      program_.outputs.push_back(take_buffer());
    }
    while (tokens_.accept("section")) read_section();
    if (tokens_.peek().kind != Token::Kind::kEnd) tokens_.fail_expected("'section' or the end");
    return std::move(program_);
  }

 private:
  /// What stands behind `KEY=`: one token, or a list of integers in [ ], whose token is the `[`.
  struct FieldValue {
    Token token;
    std::vector<std::int64_t> list = {};
  };
  using Fields = std::map<std::string, FieldValue, std::less<>>;

  void read_version() {
    tokens_.expect("program");
    const int line = tokens_.peek().line;
    const std::int64_t version = tokens_.take_number("the version of the format");
    if (version > kProgramVersion) {
      tokens_.fail(line, fmt::format("program version {}; this pare reads versions up to {}: "
                                     "update pare",
                                     version, kProgramVersion));
    }
    if (version < 1)
      tokens_.fail(line, fmt::format("program version {}, expected 1 or 2", version));
  }

  void read_trip_count() {
    const Token where = tokens_.peek();
    std::string name = tokens_.take_name("the trip count's name");
    declare(trip_counts_, name, program_.trip_counts.size(), "trip count", where);
    program_.trip_counts.push_back(std::move(name));
  }

  void read_buffer() {
    const Token where = tokens_.peek();
    Buffer buffer;
    buffer.name = tokens_.take_name("the buffer's name");
    declare(buffers_, buffer.name, program_.buffers.size(), "buffer", where);
    buffer.width = take_width();
    buffer.shape = take_list("the buffer's shape");
    if (tokens_.accept("each")) buffer.each = take_trip_count();
    if (tokens_.accept("from")) {
      buffer.origin = Origin{tokens_.take_name("the graph's wire")};
      if (tokens_.accept("kept")) {
        buffer.origin->kept = take_list("the channels kept");
        if (buffer.origin->kept.empty()) {
          tokens_.fail(where.line, "no channels kept; leave 'kept' out where all are");
        }
      }
    }
    program_.buffers.push_back(std::move(buffer));
  }

  void read_constant() {
    const Token where = tokens_.peek();
    Constant constant;
    constant.name = tokens_.take_name("the constant's name");
    declare(constants_, constant.name, program_.constants.size(), "constant", where);
    constant.width = take_width();
    constant.shape = take_list("the constant's shape");
    constant.encoding = take_encoding(constant);
    tokens_.expect("{");
    while (!tokens_.accept("}")) {
      constant.values.push_back(tokens_.take_number("an integer or '}'"));
    }
    program_.constants.push_back(std::move(constant));
  }

  Encoding take_encoding(Constant& constant) {
    const Token kind = take_kind(known_kinds<Encoding>());
    Fields fields = take_fields();
    if (const auto at = fields.find("circulant"); at != fields.end()) {
      constant.circulant = read_value<std::int64_t>(at->second);
      fields.erase(at);
    }
    return read_alternative<Encoding>(kind, std::move(fields));
  }

  void read_section() {
    Section section;
    if (tokens_.accept("forward")) {
      section.kind = SectionKind::kForward;
    } else if (tokens_.accept("backward")) {
      section.kind = SectionKind::kBackward;
    } else if (!tokens_.accept("once")) {
      tokens_.fail_expected("'once', 'forward' or 'backward'");
    }
    if (section.kind != SectionKind::kOnce) section.trip_count = take_trip_count();
    tokens_.expect("{");
    while (is_next("state")) {
      const Token state = tokens_.take();
      // A buffer may be called `state`.
      if (is_next("=") || is_next(",")) {
        section.nodes.push_back(take_node(state));
        break;
      }
      section.states.push_back(take_state());
    }
    while (!tokens_.accept("}")) section.nodes.push_back(take_node(tokens_.take()));
    program_.sections.push_back(std::move(section));
  }

  State take_state() {
    State state;
    state.buffer = take_buffer();
    tokens_.expect("initial");
    tokens_.expect("=");
    state.initial = read_value<ConstantId>(tokens_.take());
    tokens_.expect("next");
    tokens_.expect("=");
    state.next = take_buffer();
    return state;
  }

  Node take_node(const Token& first_output) {
    Node node;
    node.outputs.push_back(find_buffer(first_output));
    while (tokens_.accept(",")) node.outputs.push_back(take_buffer());
    tokens_.expect("=");
    const Token kind = take_kind(known_kinds<Op>());
    tokens_.expect("(");
    if (!tokens_.accept(")")) {
      do {
        node.inputs.push_back(take_buffer());
      } while (tokens_.accept(","));
      tokens_.expect(")");
    }
    node.op = read_alternative<Op>(kind, take_fields());
    return node;
  }

  // ------------------------------------------------------------------------------------- fields

  /// KEY=VALUE … The first word that no `=` follows ends the list.
  Fields take_fields() {
    Fields fields;
    // Two tokens would be needed to tell a field from the next op "NAME = KIND(": the fields of
    // an op stand on its line, the next op on another.
    const int line = last_line_;
    while (tokens_.peek().kind == Token::Kind::kName && tokens_.peek().line == line) {
      const Token key = tokens_.take();
      tokens_.expect("=");
      FieldValue value{tokens_.peek()};
      if (is_next("[")) {
        value.list = take_list("integers");
      } else {
        tokens_.take();
      }
      if (!fields.emplace(key.text, std::move(value)).second) {
        tokens_.fail(key.line, fmt::format("'{}' is given twice", key.text));
      }
    }
    return fields;
  }

  /// The alternative of that kind, its fields from `fields`.
  template <class Variant>
  Variant read_alternative(const Token& kind, Fields fields) {
    std::optional<Variant> result;
    any_alternative<Variant>([&](auto alternative) {
      if (alternative.kind != kind.text) return false;
      std::vector<std::string> known;
      alternative.fields(alternative, [&](std::string_view key, auto& field) {
        known.emplace_back(key);
        read_field(kind, fields, key, field);
      });
      if (!fields.empty()) {
        const auto& [key, value] = *fields.begin();
        tokens_.fail(value.token.line, fmt::format("{} has no field '{}'{}", kind.text, key,
                                                   did_you_mean(key, known)));
      }
      result = alternative;
      return true;
    });
    if (!result) tokens_.fail_expected(kind, "one of " + known_kinds<Variant>());
    return *result;
  }

  template <class T>
  void read_field(const Token& kind, Fields& fields, std::string_view key, T& field) {
    const auto at = fields.find(key);
    if constexpr (requires { field.has_value(); }) {
      if (at == fields.end()) return;
      field = read_value<typename T::value_type>(at->second);
    } else {
      if (at == fields.end()) {
        tokens_.fail(kind.line, fmt::format("{} has no '{}='", kind.text, key));
      }
      field = read_value<T>(at->second);
    }
    fields.erase(at);
  }

  template <class T>
  T read_value(const FieldValue& value) {
    if constexpr (std::is_same_v<T, Shape>) {
      if (value.token.kind != Token::Kind::kMark) {
        tokens_.fail_expected(value.token, "integers in [ ]");
      }
      return value.list;
    } else {
      return read_value<T>(value.token);
    }
  }

  template <class T>
  T read_value(const Token& token) {
    if constexpr (std::is_same_v<T, ConstantId>) {
      return {find(constants_, token, "a constant")};
    } else if constexpr (std::is_same_v<T, Width>) {
      return read_width(token);
    } else if constexpr (std::is_same_v<T, Rounding>) {
      for (const auto& [value, name] : graph::EnumNames<Rounding>::list) {
        if (token.kind == Token::Kind::kName && token.text == name) return value;
      }
      tokens_.fail_expected(token,
                            "a rounding mode: half_even, half_up, half_away, floor, ceil, "
                            "toward_zero, half_toward_zero or away_from_zero");
    } else {
      if (token.kind != Token::Kind::kNumber || !std::in_range<T>(token.number)) {
        tokens_.fail_expected(token, fmt::format("an integer of {} bits", 8 * sizeof(T)));
      }
      return static_cast<T>(token.number);
    }
  }

  // ------------------------------------------------------------------------------- small pieces

  bool is_next(std::string_view word) const {
    return tokens_.peek().kind != Token::Kind::kQuoted && tokens_.peek().text == word;
  }

  Token take_kind(const std::string& known) {
    if (tokens_.peek().kind != Token::Kind::kName) tokens_.fail_expected("one of " + known);
    last_line_ = tokens_.peek().line;
    return tokens_.take();
  }

  Width take_width() { return read_width(tokens_.take()); }

  Width read_width(const Token& token) {
    Width width;
    const std::string& text = token.text;
    const bool is_plausible = token.kind == Token::Kind::kName &&
                              (text.size() == 2 || text.size() == 3) &&
                              (text[0] == 's' || text[0] == 'u') && text[1] != '0';
    if (is_plausible) {
      width.is_signed = text[0] == 's';
      width.bits = 0;
      for (const char c : text.substr(1)) {
        if (c < '0' || c > '9') tokens_.fail_expected(token, "a width, s1 … s62 or u1 … u62");
        width.bits = 10 * width.bits + (c - '0');
      }
    }
    if (!is_plausible || width.bits > kMaxBits) {
      tokens_.fail_expected(token, "a width, s1 … s62 or u1 … u62");
    }
    return width;
  }

  std::vector<std::int64_t> take_list(std::string_view what) {
    if (!tokens_.accept("[")) tokens_.fail_expected(fmt::format("{} in [ ]", what));
    std::vector<std::int64_t> numbers;
    while (!tokens_.accept("]")) numbers.push_back(tokens_.take_number("an integer or ']'"));
    return numbers;
  }

  using Names = std::map<std::string, std::uint32_t, std::less<>>;

  void declare(Names& names, const std::string& name, std::size_t number, std::string_view what,
               const Token& where) {
    if (names.emplace(name, static_cast<std::uint32_t>(number)).second) return;
    tokens_.fail(where.line, fmt::format("two {}s are called '{}'", what, name));
  }

  std::uint32_t find(const Names& names, const Token& token, std::string_view what) {
    if (token.kind != Token::Kind::kName && token.kind != Token::Kind::kQuoted) {
      tokens_.fail_expected(token, fmt::format("{}'s name", what));
    }
    const auto at = names.find(token.text);
    if (at == names.end()) tokens_.fail_expected(token, fmt::format("{} declared above", what));
    return at->second;
  }

  BufferId find_buffer(const Token& token) { return {find(buffers_, token, "a buffer")}; }
  BufferId take_buffer() { return find_buffer(tokens_.take()); }
  TripCountId take_trip_count() { return {find(trip_counts_, tokens_.take(), "a trip count")}; }

  Tokens tokens_;
  Program program_;
  Names trip_counts_;
  Names buffers_;
  Names constants_;
  int last_line_ = 0;  ///< of the kind read last
};

}  // namespace

Program parse(std::string_view text, const std::string& origin) {
  Program program = Parser(text, origin).parse();
  try {
    check(program);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", origin, error.what()));
  }
  return program;
}

}  // namespace pare::program
