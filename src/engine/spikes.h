#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "engine/aligned.h"
#include "engine/epilogue.h"
#include "engine/grid.h"
#include "engine/linear.h"
#include "engine/reach.h"
#include "engine/view.h"
#include "graph/window.h"

namespace pare::engine {

// Spiking layers, one sample at a time. Elements stand position by position, and at each position
// channel by channel, so that the weights of one input for all outputs are neighbours: a spike adds
// them. Spikes are bits in that order; what a layer's window reaches is a few runs of bits.

/// A buffer of spikes begins with their number, 64 bits, and has the bits at this many bytes.
inline constexpr std::size_t kSpikeHeader = 64;
/// Neurons are updated by as many; their lists go on so far behind the last channel.
inline constexpr std::size_t kNeuronBlock = 64;

/// The number in front of a buffer of spikes.
inline std::uint64_t num_spikes(const std::byte* spikes) {
  std::uint64_t number = 0;
  std::memcpy(&number, spikes, sizeof(number));
  return number;
}

/// Bytes of a buffer of spikes, with room for words that begin at any bit.
constexpr std::size_t spike_bytes(std::size_t num_elements) {
  return kSpikeHeader + round_up(num_elements, kNeuronBlock) / 8 + 16;
}
/// Elements of a buffer of currents or membranes.
constexpr std::size_t current_size(std::size_t num_elements) {
  return round_up(num_elements, kNeuronBlock) + kNeuronBlock;
}

/// Neurons whose currents are the same at every step run so many steps at once, which leaves their
/// membranes in registers.
inline constexpr std::uint32_t kStepsAtOnce = 8;

/// Rows of bytes that are added before they are widened.
inline constexpr std::int64_t kByteRows = 4;

/// Rows of the weights that are added in one go for all windows, so that they stay in the cache:
/// those of elements [begin, end) of the innermost axis, channels and all, of a tap of the others.
struct SpikeBlock {
  std::size_t plane = 0;
  std::size_t line = 0;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Inputs whose spikes are looked up together, and how many words have those of a window.
inline constexpr std::size_t kTableInputs = 4;
inline constexpr std::size_t kWordChunks = 64 / kTableInputs;
inline constexpr std::size_t kTableWords = 8;
/// Vectors of outputs whose tables stand together.
inline constexpr std::size_t kTableVectors = 3;
/// Bits that 8 bytes have from any one of the first byte on.
inline constexpr std::size_t kPieceBits = 56;

/// Inputs of a window that are neighbours in x and in a word of its inputs.
struct SpikePiece {
  std::size_t plane = 0;  ///< of the window
  std::size_t line = 0;
  std::size_t begin = 0;  ///< in the line, channels and all
  std::size_t count = 0;  ///< at most kPieceBits
  std::size_t at = 0;     ///< bits behind the window's first one in x
  std::size_t shift = 0;  ///< where they are in the word
};

/// For windows of few inputs: the sums of each kTableInputs neighbouring inputs of a window, for
/// each pattern of their spikes. How many spike makes no difference then, and nothing branches.
struct SpikeTables {
  /// [kTableVectors vectors of outputs, or what is left][chunk of kTableInputs inputs][pattern, the
  /// first input lowest][output], the last chunk with what is missing as no spike. As many more as
  /// makes them bytes, which the bias makes up for; in the order of SpikeSums::bytes. Empty: rows
  /// are added spike by spike.
  AlignedVector<std::uint8_t> sums = {};
  std::size_t num_chunks = 0;
  std::size_t num_words = 0;  ///< at most kTableWords
  /// The window. Those of word w begin with number words[w] and end where the next word's begin.
  std::vector<SpikePiece> pieces = {};
  std::array<std::size_t, kTableWords + 1> words = {};
};

/// y = weight x + bias for inputs that are spikes. Axes are in the order of storage; those that
/// every window covers are part of the channels.
struct SpikeSums {
  graph::Window window;
  std::array<std::vector<Reach>, 3> reach;  ///< of the window's axes
  std::size_t num_channels = 1;             ///< of x
  std::size_t num_outputs = 1;              ///< channels of y
  std::size_t row = 0;                      ///< elements of a list, with padding
  // [tap][channel][row]: bytes or 16 bits where every sum in any order fits 16 bits, or 32 bits;
  // the others are empty.
  /// Weights, `offset` more, so that kByteRows of them fit a byte. Of each vector of the
  /// instruction set the even bytes are the first half of its outputs, the odd ones the second.
  /// Behind the last row stands one of zeros.
  AlignedVector<std::uint8_t> bytes = {};
  std::int16_t offset = 0;
  AlignedVector<std::int16_t> shorts = {};
  AlignedVector<std::int32_t> ints = {};
  SpikeTables tables = {};                      ///< in place of them
  AlignedVector<std::int16_t> short_bias = {};  ///< [row]
  AlignedVector<std::int32_t> int_bias = {};
  std::vector<SpikeBlock> blocks = {};
  std::size_t num_columns = 1;  ///< of windows to whose sums a block is added in one go
  /// The same weights for the kernel that multiplies all of them by a position's inputs, where that
  /// is asked for and they fit 8 bits. It was never faster (bench/spike_layer.cpp).
  LinearOp dense = {};
  LinearKernel dense_kernel = nullptr;

  /// Whether the sums that kernels make have 16 bits, else 32.
  bool are_short() const {
    return dense_kernel == nullptr && (!tables.sums.empty() || !bytes.empty() || !shorts.empty());
  }
  std::size_t num_inputs() const { return num_channels * window.num_taps(); }
  std::size_t num_bits() const { return num_channels * window.num_inputs(); }
};

/// What resets a membrane.
enum class SpikeReset : std::uint8_t {
  kDropThenLeak,  ///< less the drop, then the leak
  kLeakThenDrop,
  kZero,  ///< to 0, then the leak
};

/// round(factor x / 2^shift), half to even, in integers of 32 bits: with x = 4096 h + l the sum of
/// 2^(12 - shift) factor h, which is even, and of the rounded part of l.
struct SmallLeak {
  AlignedVector<std::int32_t> factor = {};  ///< 0 … 2^11
  int shift = 1;                            ///< 1 … 11
};

/// Neurons with membranes of at most 32 bits. Lists have an element a channel and go round, so that
/// kNeuronBlock of them can be read from any channel on.
struct Neurons {
  std::size_t num_channels = 1;
  std::size_t num_elements = 1;
  std::optional<Epilogue> current = std::nullopt;  ///< of the sums; none: times 2^current_shift
  int current_shift = 0;
  /// None: a clamp to leak_range alone.
  std::variant<std::monostate, SmallLeak, Epilogue> leak = {};
  program::Interval leak_range = {};
  program::Interval range = {};             ///< of kLeakThenDrop, after both
  AlignedVector<std::int32_t> silent = {};  ///< a spike where the potential is above
  AlignedVector<std::int32_t> drop = {};    ///< what a spike adds
  SpikeReset reset = SpikeReset::kDropThenLeak;
  /// What all membranes are before the first step. None: whoever runs the loop sets them.
  std::optional<std::int32_t> initial = std::nullopt;
};

enum class SpikeKind : std::uint8_t {
  kSums,     ///< x: spikes, y: sums, row-major
  kLayer,    ///< x: spikes, membranes; y: spikes, kStepsAtOnce steps where there are slots
  kNeurons,  ///< x: currents, membranes; y: spikes, kStepsAtOnce steps where there are slots
  kPack,     ///< x: row-major, y: spikes
  kUnpack,   ///< x: spikes, y: row-major
  kPool,     ///< x and y: spikes; the largest of a window
};

/// Where the channels of each position begin, in bits; positions are row-major.
struct SpikePlaces {
  std::vector<std::size_t> x;
  std::vector<std::size_t> y;
};
std::shared_ptr<const SpikePlaces> make_places(const Grid& x, const Grid& y);

struct SpikeOp {
  SpikeKind kind = SpikeKind::kLayer;
  std::shared_ptr<const SpikeSums> sums = nullptr;
  std::shared_ptr<const Neurons> neurons = nullptr;
  Grid x = {};
  Grid y = {};
  std::size_t steps_at_once = 1;  ///< of a layer: kStepsAtOnce where x and y have slots
  // Of a pooling, axes as in the buffer:
  graph::Window window = {};
  std::shared_ptr<const SpikePlaces> places = nullptr;
};

/// What a step works in.
struct SpikeRoom {
  /// No memory: only to know how much is needed. REQUIRES: `memory` is aligned.
  SpikeRoom(const SpikeOp& op, std::byte* memory);

  std::uint32_t* spikes = nullptr;  ///< where rows of bits that are set begin; room for 16 more
  std::uint32_t* before = nullptr;  ///< by word: how many are set in front of it
  std::byte* totals = nullptr;      ///< sums of all positions, step by step
  std::size_t total_bytes = 0;      ///< of a step's
  std::uint8_t* inputs = nullptr;   ///< of one position, a byte each
  std::size_t bytes = 0;
};

/// What a kernel runs on; `membranes` has no data where there are none.
struct SpikeCall {
  const SpikeOp& op;
  const View& x;
  const View& membranes;
  const View& y;
  std::int64_t t = 0;
  std::int64_t num_steps = 1;  ///< of the loop
  std::byte* room = nullptr;   ///< SpikeRoom's

  /// How many steps it runs: where spikes have slots those of all slots, and none when their turn
  /// would be.
  std::int64_t num_steps_here() const {
    if (y.slots == 0) return 1;
    return t % y.slots == 0 ? std::min<std::int64_t>(y.slots, num_steps - t) : 0;
  }
  bool is_first() const { return t == 0; }
  /// Whether nobody reads membranes afterwards. Steps without slots may run backwards.
  bool is_last() const { return y.slots != 0 && t + num_steps_here() == num_steps; }
};
using SpikeKernel = void (*)(const SpikeCall&) noexcept;

/// What neurons add to their membranes.
struct Totals {
  const std::byte* data;
  bool is_short;  ///< 16 bits, else 32
};

/// Steps of a layer of neurons.
struct NeuronCall {
  const Neurons& neurons;
  Totals totals;                ///< of the first step
  std::size_t total_bytes = 0;  ///< from one step's to the next one's; 0: they add the same at each
  std::byte* membranes = nullptr;
  bool starts = false;          ///< from Neurons::initial, and not from `membranes`
  bool is_last = false;         ///< `membranes` need not be written
  std::byte* spikes = nullptr;  ///< of the first step
  std::size_t num_steps = 1;    ///< at most kStepsAtOnce
  std::size_t step_bytes = 0;   ///< from one step's spikes to the next one's
};
using NeuronKernel = void (*)(const NeuronCall&) noexcept;

/// The sums of all windows, from tables; `bits` are the spikes.
using SpikeTableKernel = void (*)(const SpikeSums& sums, const std::uint8_t* bits, std::int16_t* y);

/// What kPack, kUnpack and kPool do.
void lay_out_spikes(const SpikeCall& call) noexcept;

/// Bytes of its weights and lists.
std::size_t bytes_of(const SpikeOp& op);

}  // namespace pare::engine
