// A spike adds the row of weights that its input has for all outputs; what did not spike costs
// nothing but the look at its bit. So weights lie input by input here (Tables::by_input), and a
// convolution's sums of one window lie side by side until they are complete.

#include "emit/c/table_spikes.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "emit/c/window_loops.h"
#include "program/windows.h"

namespace pare::emit::c {
namespace {

/// Outputs whose sums are made together, on the stack.
constexpr std::int64_t kMostSums = 128;

/// With fewer channels a word would hold next to nothing: they are read as they are.
constexpr std::int64_t kFewestPacked = 8;

bool is_spikes(const Program& program, const Node& node) {
  return program.buffer(node.inputs.front()).width == program::Width{1, false};
}

std::int64_t num_words(std::int64_t channels) {
  return (channels + kSpikesPerWord - 1) / kSpikesPerWord;
}

/// With equal weights there is none.
bool has_rows(const Program& program, ConstantId weight) {
  return !is_one_number(program.constant(weight));
}

/// The sums of some outputs side by side: `sum`, of those from `first` on.
class Sums {
 public:
  Sums(TableParts& parts, std::int64_t outputs, ConstantId weight,
       const std::optional<ConstantId>& bias)
      : parts_(parts), outputs_(outputs), weight_(weight), bias_(bias), type_(type()) {
    if (outputs_ <= kMostSums) return;
    count_ = "count";
    output_ = "first + i";
  }

  void open_blocks() const {
    if (outputs_ <= kMostSums) return;
    parts_.writer.open("for (size_t first = 0; first < {}; first += {})", outputs_, kMostSums);
    parts_.writer.line("const size_t count = {0} - first < {1} ? {0} - first : {1};", outputs_,
                       kMostSums);
  }
  void close_blocks() const {
    if (outputs_ > kMostSums) parts_.writer.close();
  }

  void write_start() const {
    parts_.writer.line("{} sum[{}];", to_string(type_), std::min(outputs_, kMostSums));
    parts_.writer.line("for (size_t i = 0; i < {}; ++i) sum[i] = {};", count(),
                       bias_ ? parts_.element(*bias_, output_, type_) : "0");
  }

  /// Adds the row of weights of an input.
  void write_add(const std::string& input) const {
    parts_.writer.line("for (size_t i = 0; i < {}; ++i) sum[i] = ({})(sum[i] + {});", count(),
                       to_string(type_),
                       parts_.element_by_input(
                           weight_, fmt::format("{} * {} + {}", input, outputs_, output_), type_));
  }

  /// y[before + output + behind]
  void write_end(const std::string& before, const std::string& behind) const {
    parts_.writer.line("for (size_t i = 0; i < {}; ++i) y[{}({}){}] = ({})sum[i];", count(), before,
                       output_, behind, parts_.to);
  }

 private:
  std::string count() const { return count_.empty() ? fmt::format("{}", outputs_) : count_; }

  /// Holds every partial sum, weights and bias.
  CType type() const {
    const Interval range = parts_.sum_range(weight_, bias_);
    const CType narrow{16, true};
    return narrow.range().contains(range) ? narrow : computing_type(range);
  }

  TableParts& parts_;
  std::int64_t outputs_;
  ConstantId weight_;
  std::optional<ConstantId> bias_;
  CType type_;
  std::string count_ = {};
  std::string output_ = "i";
};

/// bits[position][word] of x[channel][position].
void write_bits(const TableParts& parts, std::int64_t channels, std::int64_t positions) {
  Writer& writer = parts.writer;
  const std::int64_t words = num_words(channels);
  writer.line("uint32_t *bits = (uint32_t *)(memory->pool32 + {});",
              parts.frame.layout.spike_words.at(parts.y.value));
  writer.line("for (size_t i = 0; i < {}; ++i) bits[i] = 0;", positions * words);
  writer.open("for (size_t c = 0; c < {}; ++c)", channels);
  writer.open("for (size_t p = 0; p < {}; ++p)", positions);
  const std::string word = words == 1 ? "p" : fmt::format("p * {} + c / {}", words, kSpikesPerWord);
  writer.line("bits[{}] |= (uint32_t)x[c * {} + p] << (c % {});", word, positions, kSpikesPerWord);
  writer.close();
  writer.close();
}

/// Adds the rows of one tap's spikes.
void write_packed_tap(const TableParts& parts, const WindowLoops& loops, std::int64_t channels,
                      const Sums& sums) {
  Writer& writer = parts.writer;
  const std::int64_t words = num_words(channels);
  writer.line("const uint32_t *spikes = bits + ({}) * {};", loops.input_index(), words);
  writer.open("for (size_t word = 0; word < {}; ++word)", words);
  writer.open("for (uint32_t rest = spikes[word]; rest != 0; rest &= rest - 1)");
  writer.line("const size_t row = (size_t)({}) * {} + word * {} + pare_lowest_spike(rest);",
              loops.tap_index(), channels, kSpikesPerWord);
  sums.write_add("row");
  writer.close();
  writer.close();
}

/// The same from x itself.
void write_tap(const TableParts& parts, const WindowLoops& loops, const graph::Window& window,
               std::int64_t channels, const Sums& sums) {
  Writer& writer = parts.writer;
  writer.open("for (size_t c = 0; c < {}; ++c)", channels);
  writer.line("if (x[c * {} + (size_t)({})] == 0) continue; /* no spike */", window.num_inputs(),
              loops.input_index());
  writer.line("const size_t row = (size_t)({}) * {} + c;", loops.tap_index(), channels);
  sums.write_add("row");
  writer.close();
}

}  // namespace

bool adds_spikes(const Program& program, const Node& node, const program::Conv& op) {
  return is_spikes(program, node) && op.groups == 1 && has_rows(program, op.weight);
}

bool adds_spikes(const Program& program, const Node& node, const program::Linear& op) {
  return is_spikes(program, node) && !op.predicate_block &&
         !program.constant(op.weight).circulant && has_rows(program, op.weight);
}

std::int64_t num_spike_words(const Program& program, const Node& node) {
  const auto* op = std::get_if<program::Conv>(&node.op);
  if (op == nullptr || !adds_spikes(program, node, *op)) return 0;
  const Shape& shape = program.buffer(node.inputs.front()).shape;
  if (shape.front() < kFewestPacked) return 0;
  return num_elements(shape) / shape.front() * num_words(shape.front());
}

void write_spike_conv(TableParts& parts, const program::Conv& op) {
  const graph::Window window = window_of(parts.program, parts.node, op);
  const Shape& weight = parts.program.constant(op.weight).shape;
  const Sums sums(parts, weight[0], op.weight, op.bias);
  WindowLoops loops(parts.writer, window);
  parts.pointers();
  const bool is_packed = num_spike_words(parts.program, parts.node) > 0;
  if (is_packed) write_bits(parts, weight[1], static_cast<std::int64_t>(window.num_inputs()));
  sums.open_blocks();
  loops.open_outputs();
  sums.write_start();
  loops.open_taps();
  if (is_packed) {
    write_packed_tap(parts, loops, weight[1], sums);
  } else {
    write_tap(parts, loops, window, weight[1], sums);
  }
  loops.close_taps();
  sums.write_end("",
                 fmt::format(" * {} + (size_t)({})", window.num_outputs(), loops.output_index()));
  loops.close_outputs();
  sums.close_blocks();
}

void write_spike_linear(TableParts& parts, const program::Linear& op) {
  Writer& writer = parts.writer;
  const Shape& weight = parts.program.constant(op.weight).shape;
  const std::int64_t rows = parts.frame.size(parts.y) / weight[0];
  const Sums sums(parts, weight[0], op.weight, op.bias);
  parts.pointers();
  if (rows > 1) writer.open("for (size_t r = 0; r < {}; ++r)", rows);
  sums.open_blocks();
  sums.write_start();
  writer.open("for (size_t j = 0; j < {}; ++j)", weight[1]);
  writer.line("if (x[{}j] == 0) continue; /* no spike */",
              rows > 1 ? fmt::format("r * {} + ", weight[1]) : "");
  sums.write_add("j");
  writer.close();
  sums.write_end(rows > 1 ? fmt::format("r * {} + ", weight[0]) : "", "");
  sums.close_blocks();
  if (rows > 1) writer.close();
}

void write_lowest_spike(Writer& writer) {
  // Guarded, since several programs may be compiled as one file.
  writer.line("#ifndef PARE_LOWEST_SPIKE");
  writer.line("#define PARE_LOWEST_SPIKE");
  writer.line("/* The position of the lowest bit that is set, by a de Bruijn sequence. */");
  writer.open("static size_t pare_lowest_spike(uint32_t bits)");
  writer.open("static const uint8_t positions[{}] =", kSpikesPerWord);
  constexpr std::uint32_t kSequence = 0x077CB531;
  std::array<int, kSpikesPerWord> positions{};
  for (int i = 0; i < kSpikesPerWord; ++i) positions.at(kSequence << i >> 27) = i;
  writer.line("{}", fmt::join(positions, ", "));
  writer.close(";");
  writer.line("return positions[(uint32_t)((bits & (0U - bits)) * 0x{:08X}U) >> 27];", kSequence);
  writer.close();
  writer.line("#endif");
  writer.blank();
}

}  // namespace pare::emit::c
