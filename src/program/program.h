#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "program/constant.h"
#include "program/ids.h"
#include "program/ops.h"
#include "program/width.h"

namespace pare::program {

/// The newest version of the text form that this code reads and writes (docs/formats/program.md).
inline constexpr int kProgramVersion = 2;

/// All buffers of a program, or a constant, of more elements are refused.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 26;

/// Which wire of the graph a buffer holds.
struct Origin {
  std::string wire;
  /// Channels (axis 0) of the wire that were kept, ascending; empty: all.
  std::vector<std::int64_t> kept = {};

  friend bool operator==(const Origin&, const Origin&) = default;
};

/// Integers of one sample at one step. Written once: by being an input, by an op or by a state.
struct Buffer {
  std::string name;  ///< unique among the buffers, "fc1"
  Width width;
  Shape shape;                                     ///< row-major
  std::optional<TripCountId> each = std::nullopt;  ///< a value at each step; none: one a sample
  std::optional<Origin> origin = std::nullopt;

  friend bool operator==(const Buffer&, const Buffer&) = default;
};

/// A buffer that a loop changes: at the end of each step all states of the loop take the values of
/// their `next` at once.
struct State {
  BufferId buffer;
  ConstantId initial;  ///< of the buffer's shape, or one element for all
  BufferId next;

  friend bool operator==(const State&, const State&) = default;
};

struct Node {
  Op op;
  std::vector<BufferId> inputs;
  std::vector<BufferId> outputs;

  friend bool operator==(const Node&, const Node&) = default;
};

enum class SectionKind {
  kOnce,
  kForward,   ///< t = 0 … T - 1
  kBackward,  ///< t = T - 1 … 0
};

/// Ops that run one after the other, once or at every step.
struct Section {
  SectionKind kind = SectionKind::kOnce;
  TripCountId trip_count = {};     ///< of a loop; first of all for kOnce
  std::vector<State> states = {};  ///< of a loop
  std::vector<Node> nodes = {};

  friend bool operator==(const Section&, const Section&) = default;
};

/// A network as integers (docs/formats/program.md). A plain value; what must hold is checked by
/// program::check (program/check.h), what it means is defined by program/reference.h.
struct Program {
  std::string name;
  std::vector<std::string> trip_counts;
  std::vector<Buffer> buffers;
  std::vector<Constant> constants;
  std::vector<BufferId> inputs;
  std::vector<BufferId> outputs;
  std::vector<Section> sections;

  const Buffer& buffer(BufferId id) const { return buffers.at(id.value); }
  const Constant& constant(ConstantId id) const { return constants.at(id.value); }

  friend bool operator==(const Program&, const Program&) = default;
};

/// Appends; the caller keeps names unique.
BufferId add_buffer(Program& program, Buffer buffer);
ConstantId add_constant(Program& program, Constant constant);

/// Number of elements of a buffer at one step.
std::size_t size_of(const Program& program, BufferId id);

/// "linear", "requantize", …
std::string_view kind_of(const Op& op);

/// The constants of an op that multiplies its input by weights.
struct LayerConstants {
  ConstantId weight;
  std::optional<ConstantId> bias = std::nullopt;
};

/// Those of Linear and Conv; none for any other op.
std::optional<LayerConstants> layer_constants(const Op& op);

/// The width of the sums of an op with weights, or none.
std::optional<Width> accumulator_of(const Op& op);
/// Where that width stands in the op, or nullptr.
Width* accumulator_of(Op& op);

/// How messages name an op: "linear 'fc1'" by its first output.
std::string describe(const Program& program, const Node& node);

/// Whether the program can run step by step: exactly one loop, and it is forward.
bool has_step(const Program& program);

/// SHA-256 of the program's text, 64 hexadecimal digits.
std::string hash(const Program& program);

/// The oldest version of the text form that has all that the program uses: what it is printed as,
/// so that a program's text and hash never change.
int version_of(const Program& program);

}  // namespace pare::program
