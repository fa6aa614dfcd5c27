// Ids first (after which nothing can point astray), then buffers and constants by themselves, then
// the order of writing and reading, then each op's operands, then widths.

#include "program/check.h"

#include <set>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "program/intervals.h"

namespace pare::program {
namespace {

template <class T, class Name>
void check_names(const std::vector<T>& items, std::string_view what, Name&& name_of) {
  std::set<std::string_view> seen;
  for (const T& item : items) {
    const std::string_view name = name_of(item);
    if (name.empty()) throw InputError(fmt::format("a {} has no name", what));
    if (!seen.insert(name).second) {
      throw InputError(fmt::format("two {}s are called '{}'", what, name));
    }
  }
}

class Ids {
 public:
  explicit Ids(const Program& program) : program_(program) {}

  void operator()(BufferId id, std::string_view who) const {
    expect(id.value, program_.buffers.size(), "buffer", who);
  }
  void operator()(ConstantId id, std::string_view who) const {
    expect(id.value, program_.constants.size(), "constant", who);
  }
  void operator()(TripCountId id, std::string_view who) const {
    expect(id.value, program_.trip_counts.size(), "trip count", who);
  }

 private:
  static void expect(std::size_t value, std::size_t size, std::string_view what,
                     std::string_view who) {
    if (value < size) return;
    throw InputError(fmt::format("{} refers to {} {} of {}", who, what, value, size));
  }

  const Program& program_;
};

/// Ids among an op's fields.
void check_field_ids(const Op& op, const Ids& ids, std::string_view who) {
  const auto visit_field = [&](std::string_view, const auto& field) {
    using Field = std::decay_t<decltype(field)>;
    if constexpr (std::is_same_v<Field, ConstantId>) ids(field, who);
    if constexpr (std::is_same_v<Field, std::optional<ConstantId>>) {
      if (field) ids(*field, who);
    }
  };
  std::visit([&](const auto& alternative) { alternative.fields(alternative, visit_field); }, op);
}

void check_ids(const Program& program) {
  const Ids ids(program);
  for (const Buffer& buffer : program.buffers) {
    if (buffer.each) ids(*buffer.each, fmt::format("buffer '{}'", buffer.name));
  }
  for (const BufferId id : program.inputs) ids(id, "the list of inputs");
  for (const BufferId id : program.outputs) ids(id, "the list of outputs");
  for (const Section& section : program.sections) {
    if (section.kind != SectionKind::kOnce) {
      ids(section.trip_count, "a loop");
    } else if (section.trip_count != TripCountId{}) {
      throw InputError("a section that runs once has a trip count");
    }
    for (const State& state : section.states) {
      ids(state.buffer, "a state");
      ids(state.next, "a state");
      ids(state.initial, "a state");
    }
    for (const Node& node : section.nodes) {
      const std::string who = describe(program, node);
      for (const BufferId id : node.inputs) ids(id, who);
      for (const BufferId id : node.outputs) ids(id, who);
      if (node.outputs.size() != 1) {
        throw InputError(fmt::format("{}: {} outputs, expected 1", who, node.outputs.size()));
      }
      check_field_ids(node.op, ids, who);
    }
  }
}

void check_buffer(const Buffer& buffer) {
  const auto fail = [&](const std::string& what) {
    throw InputError(fmt::format("buffer '{}': {}", buffer.name, what));
  };
  if (buffer.width.bits < 1 || buffer.width.bits > kMaxBits) {
    fail(fmt::format("{} bits, expected 1 … {}", buffer.width.bits, kMaxBits));
  }
  if (buffer.shape.empty() || num_elements(buffer.shape) < 1) {
    fail(fmt::format("shape {}, expected at least one axis and one element",
                     pare::to_string(buffer.shape)));
  }
  if (!buffer.origin) return;
  if (buffer.origin->wire.empty()) fail("its origin has no name");
  const std::vector<std::int64_t>& kept = buffer.origin->kept;
  if (!kept.empty() && static_cast<std::int64_t>(kept.size()) != buffer.shape.front()) {
    fail(fmt::format("{} channels kept, but its shape is {}", kept.size(),
                     pare::to_string(buffer.shape)));
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (kept[i] < 0 || (i > 0 && kept[i] <= kept[i - 1])) {
      fail("the channels kept are not ascending numbers from 0");
    }
  }
}

void check_buffers(const Program& program) {
  std::int64_t total = 0;
  for (const Buffer& buffer : program.buffers) {
    check_buffer(buffer);
    const std::int64_t size = num_elements(buffer.shape);
    if (size > kMaxElements || (total += size) > kMaxElements) {
      throw InputError(
          fmt::format("buffer '{}' {}: all buffers together have more than {} elements",
                      buffer.name, pare::to_string(buffer.shape), kMaxElements));
    }
  }
}

/// Who writes what, who reads what, and when.
class Flow {
 public:
  explicit Flow(const Program& program)
      : program_(program), is_written_(program.buffers.size(), false) {}

  void run() {
    for (const BufferId id : program_.inputs) write(id, "the list of inputs");
    for (const Section& section : program_.sections) run(section);
    if (program_.outputs.empty()) throw InputError("the program has no outputs");
    for (const BufferId id : program_.outputs) expect_written(id, "the list of outputs");
    for (std::size_t i = 0; i < is_written_.size(); ++i) {
      if (is_written_[i]) continue;
      throw InputError(fmt::format("buffer '{}' is never written", program_.buffers[i].name));
    }
  }

 private:
  using Time = std::optional<TripCountId>;

  void run(const Section& section) {
    const Time time = section.kind == SectionKind::kOnce ? Time{} : Time{section.trip_count};
    if (!time && !section.states.empty()) {
      throw InputError(fmt::format("state '{}' stands in a section that runs once",
                                   name(section.states.front().buffer)));
    }
    for (const State& state : section.states) start(state);
    for (const Node& node : section.nodes) {
      const std::string who = describe(program_, node);
      for (const BufferId id : node.inputs) read(id, time, who);
      for (const BufferId id : node.outputs) {
        write(id, who);
        if (program_.buffer(id).each != time) {
          throw InputError(fmt::format("{}: its output has {}, expected {}", who,
                                       describe_time(program_.buffer(id).each),
                                       describe_time(time)));
        }
      }
    }
    for (const State& state : section.states) finish(section, state);
  }

  void start(const State& state) {
    const std::string who = fmt::format("state '{}'", name(state.buffer));
    const Buffer& buffer = program_.buffer(state.buffer);
    write(state.buffer, who);
    if (buffer.each) throw InputError(who + ": a state has one value, not one at each step");
    const Constant& initial = program_.constant(state.initial);
    if (initial.circulant || (initial.values.size() != 1 && initial.shape != buffer.shape)) {
      throw InputError(fmt::format("{}: initial value '{}' {}, expected {} or one element", who,
                                   initial.name, pare::to_string(initial.shape),
                                   pare::to_string(buffer.shape)));
    }
    for (const std::int64_t value : initial.values) {
      if (buffer.width.range().contains(value)) continue;
      throw InputError(fmt::format("{}: initial value {}, expected {} ({})", who, value,
                                   to_string(buffer.width.range()), to_string(buffer.width)));
    }
  }

  void finish(const Section& section, const State& state) const {
    const std::string who = fmt::format("state '{}'", name(state.buffer));
    const Buffer& next = program_.buffer(state.next);
    expect_written(state.next, who);
    bool is_sibling = false;
    for (const State& other : section.states) is_sibling |= other.buffer == state.next;
    if (next.each != Time{section.trip_count} && !is_sibling) {
      throw InputError(fmt::format("{}: its next '{}' has {}, expected {} or a state of this loop",
                                   who, next.name, describe_time(next.each),
                                   describe_time(section.trip_count)));
    }
    if (next.shape != program_.buffer(state.buffer).shape) {
      throw InputError(fmt::format("{}: shape {} but its next '{}' {}", who,
                                   pare::to_string(program_.buffer(state.buffer).shape), next.name,
                                   pare::to_string(next.shape)));
    }
  }

  void write(BufferId id, std::string_view who) {
    if (is_written_[id.value]) {
      throw InputError(
          fmt::format("{} writes buffer '{}', which is written already", who, name(id)));
    }
    is_written_[id.value] = true;
  }

  void expect_written(BufferId id, std::string_view who) const {
    if (is_written_[id.value]) return;
    throw InputError(fmt::format("{} reads buffer '{}' before it is written", who, name(id)));
  }

  void read(BufferId id, Time time, std::string_view who) const {
    expect_written(id, who);
    const Time each = program_.buffer(id).each;
    if (!each || each == time) return;
    throw InputError(fmt::format("{} runs with {} but reads '{}', which has {}", who,
                                 describe_time(time), name(id), describe_time(each)));
  }

  const std::string& name(BufferId id) const { return program_.buffer(id).name; }

  std::string describe_time(Time time) const {
    if (!time) return "one value";
    return fmt::format("a value each '{}'", program_.trip_counts[time->value]);
  }

  const Program& program_;
  std::vector<bool> is_written_;
};

void expect_within(Interval interval, Width width, const std::string& who) {
  if (width.range().contains(interval)) return;
  throw InputError(fmt::format("{} {}, which {} ({}) does not hold", who, to_string(interval),
                               to_string(width), to_string(width.range())));
}

void check_widths(const Program& program) {
  const ProgramIntervals all = intervals(program);
  for (const Section& section : program.sections) {
    for (const Node& node : section.nodes) {
      const BufferId output = node.outputs.front();
      const std::string who = describe(program, node);
      if (const auto accumulator = accumulator_of(node.op)) {
        expect_within(*all.partial_sums[output.value], *accumulator, who + ": partial sums may be");
      }
      expect_within(hull(all.buffers[output.value]), program.buffer(output).width,
                    who + ": values may be");
    }
    for (const State& state : section.states) {
      expect_within(hull(all.buffers[state.next.value]), program.buffer(state.buffer).width,
                    fmt::format("state '{}': its next may be", program.buffer(state.buffer).name));
    }
  }
}

}  // namespace

void check_structure(const Program& program) {
  const auto name_of = [](const auto& item) -> std::string_view { return item.name; };
  check_names(program.buffers, "buffer", name_of);
  check_names(program.constants, "constant", name_of);
  check_names(program.trip_counts, "trip count",
              [](const std::string& name) -> std::string_view { return name; });
  check_ids(program);
  check_buffers(program);
  for (const Constant& constant : program.constants) check_constant(constant);
  Flow(program).run();
  for (const Section& section : program.sections) {
    for (const Node& node : section.nodes) check_op(program, node);
  }
}

void check(const Program& program) {
  check_structure(program);
  check_widths(program);
}

}  // namespace pare::program
