#include <iterator>
#include <span>
#include <type_traits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "program/text.h"
#include "program/text_names.h"

namespace pare::program {
namespace {

std::string quoted(std::string_view name) {
  std::string text = "\"";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text + '"';
}

std::string to_text(std::string_view name) {
  return is_bare_name(name) ? std::string(name) : quoted(name);
}

class Printer {
 public:
  explicit Printer(const Program& program) : program_(program) {}

  std::string print() {
    put("program {} {}\n", version_of(program_), to_text(program_.name));
    if (!program_.trip_counts.empty()) put("\n");
    for (const std::string& name : program_.trip_counts) put("trip_count {}\n", to_text(name));
    put("\n");
    for (const Buffer& buffer : program_.buffers) print(buffer);
    put("\n");
    for (const Constant& constant : program_.constants) print(constant);
    put("\ninputs{}\noutputs{}\n", names(program_.inputs, " "), names(program_.outputs, " "));
    for (const Section& section : program_.sections) print(section);
    return std::move(text_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }

  void print(const Buffer& buffer) {
    put("buffer {} {} [", to_text(buffer.name), to_string(buffer.width));
    put_list(buffer.shape);
    put("]");
    if (buffer.each) put(" each {}", to_text(program_.trip_counts.at(buffer.each->value)));
    if (buffer.origin) {
      put(" from {}", to_text(buffer.origin->wire));
      if (!buffer.origin->kept.empty()) {
        put(" kept [");
        put_list(buffer.origin->kept);
        put("]");
      }
    }
    put("\n");
  }

  void print(const Constant& constant) {
    put("constant {} {} [", to_text(constant.name), to_string(constant.width));
    put_list(constant.shape);
    put("]");
    std::visit(
        [&](const auto& encoding) {
          put(" {}", encoding.kind);
          put_fields(encoding);
        },
        constant.encoding);
    if (constant.circulant) put(" circulant={}", *constant.circulant);
    put(" {{\n");
    std::int64_t row = constant.shape.empty() ? 1 : constant.shape.back();
    if (constant.circulant) row = *constant.circulant;
    const auto size = static_cast<std::size_t>(row < 1 ? 1 : row);
    std::span<const std::int64_t> rest(constant.values);
    while (!rest.empty()) {
      const std::size_t count = std::min(size, rest.size());
      put("  ");
      put_list(rest.first(count));
      put("\n");
      rest = rest.subspan(count);
    }
    put("}}\n");
  }

  void print(const Section& section) {
    put("\nsection ");
    if (section.kind == SectionKind::kOnce) {
      put("once");
    } else {
      put("{} {}", section.kind == SectionKind::kForward ? "forward" : "backward",
          to_text(program_.trip_counts.at(section.trip_count.value)));
    }
    put(" {{\n");
    for (const State& state : section.states) {
      put("  state {} initial={} next={}\n", name(state.buffer), name(state.initial),
          name(state.next));
    }
    for (const Node& node : section.nodes) {
      put("  {} = {}({})", names(node.outputs, ""), kind_of(node.op), names(node.inputs, ""));
      std::visit([&](const auto& op) { put_fields(op); }, node.op);
      put("\n");
    }
    put("}}\n");
  }

  template <class T>
  void put_fields(const T& value) {
    T::fields(value, [&](std::string_view key, const auto& field) {
      if constexpr (requires { field.has_value(); }) {
        if (field.has_value()) put(" {}={}", key, value_of(*field));
      } else {
        put(" {}={}", key, value_of(field));
      }
    });
  }

  std::string value_of(ConstantId id) const { return name(id); }
  std::string value_of(Width width) const { return to_string(width); }
  std::string value_of(std::int64_t number) const { return std::to_string(number); }
  std::string value_of(int number) const { return std::to_string(number); }
  std::string value_of(const Shape& list) const {
    return fmt::format("[{}]", fmt::join(list, " "));
  }
  std::string value_of(Rounding rounding) const { return std::string(graph::name_of(rounding)); }

  std::string name(BufferId id) const { return to_text(program_.buffer(id).name); }
  std::string name(ConstantId id) const { return to_text(program_.constant(id).name); }

  /// " a b" with `before` a space, "a, b" without.
  std::string names(const std::vector<BufferId>& ids, std::string_view before) const {
    std::string list;
    for (const BufferId id : ids) {
      if (before.empty() && !list.empty()) list += ", ";
      list += before;
      list += name(id);
    }
    return list;
  }

  void put_list(std::span<const std::int64_t> numbers) {
    std::string_view space;
    for (const std::int64_t number : numbers) {
      put("{}{}", space, number);
      space = " ";
    }
  }

  const Program& program_;
  std::string text_;
};

}  // namespace

std::string print(const Program& program) { return Printer(program).print(); }

}  // namespace pare::program
