// Layers that read spikes. What spikes add is summed position by position, with outputs as lanes;
// then all neurons of the layer take their step. Highway compiles this file once for every
// instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_spikes.cpp"
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_byte_sums.inc"
#include "engine/kernel_finish.inc"
#include "engine/kernels.h"
#include "engine/spikes.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {

NeuronKernel neuron_kernel();     // kernels_neurons.cpp
SpikeTableKernel table_kernel();  // kernels_spike_tables.cpp

namespace {

// ------------------------------------------------------------------------------------- its spikes

HWY_INLINE std::uint64_t word_of(const std::uint8_t* bits, std::size_t i) {
  std::uint64_t word = 0;
  std::memcpy(&word, bits + 8 * i, sizeof(word));
  return word;
}

/// Lists where the rows of the bits that are set would begin if that of the first bit was the first
/// row. A vector is written for as many bits, however many are set, for a branch for each would be
/// guessed wrong.
HWY_INLINE void list_spikes(const std::uint8_t* bits, const SpikeSums& sums,
                            const SpikeRoom& room) {
  const hn::CappedTag<std::uint32_t, 16> d;
  constexpr std::size_t n = hn::MaxLanes(d);
  std::uint32_t* to = room.spikes;
  const auto row = static_cast<std::uint32_t>(sums.row);
  const auto next = hn::Set(d, static_cast<std::uint32_t>(n) * row);
  auto begins = hn::Mul(hn::Iota(d, 0), hn::Set(d, row));
  const std::size_t num_words = (sums.num_bits() + 63) / 64;
  for (std::size_t i = 0; i < num_words; ++i) {
    room.before[i] = static_cast<std::uint32_t>(to - room.spikes);
    std::uint64_t word = word_of(bits, i);
    for (std::size_t k = 0; k < 64; k += n, word >>= n) {
      std::uint8_t some[8];
      std::memcpy(some, &word, sizeof(word));
      hn::StoreU(hn::Compress(begins, hn::LoadMaskBits(d, some)), d, to);
      to += std::popcount(word & ((std::uint64_t{1} << n) - 1));
      begins = hn::Add(begins, next);
    }
  }
  room.before[num_words] = static_cast<std::uint32_t>(to - room.spikes);
}

/// The first listed spike at or behind a bit.
HWY_INLINE const std::uint32_t* spike_from(const std::uint8_t* bits, std::size_t bit,
                                           const SpikeRoom& room) {
  const std::uint64_t below = word_of(bits, bit / 64) & ((std::uint64_t{1} << (bit % 64)) - 1);
  return room.spikes + room.before[bit / 64] + std::popcount(below);
}

/// At most 8 bits from any one on.
HWY_INLINE std::size_t byte_at(const std::uint8_t* bits, std::size_t bit, std::size_t count) {
  const unsigned pair = bits[bit / 8] | static_cast<unsigned>(bits[bit / 8 + 1]) << 8;
  return (pair >> (bit % 8)) & ((1U << count) - 1);
}

/// Bits as bytes, eight by table.
constexpr std::array<std::uint64_t, 256> spread_bytes() {
  std::array<std::uint64_t, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    for (std::size_t bit = 0; bit < 8; ++bit) {
      table[byte] |= std::uint64_t{byte >> bit & 1} << (8 * bit);
    }
  }
  return table;
}
constexpr std::array<std::uint64_t, 256> kSpread = spread_bytes();

/// REQUIRES: room for 8 bytes behind the run.
HWY_INLINE void expand(const std::uint8_t* bits, Run run, std::uint8_t* to) {
  to += run.row;
  for (std::size_t done = 0; done < run.length; done += 8) {
    const std::uint64_t word =
        kSpread[byte_at(bits, run.at + done, HWY_MIN(run.length - done, std::size_t{8}))];
    std::memcpy(to + done, &word, sizeof(word));
  }
}

// -------------------------------------------------------------------------------------------- sums

/// Listed spikes, and how far their rows are from where the list has them.
struct Spikes {
  const std::uint32_t* begin;
  const std::uint32_t* end;
  std::ptrdiff_t offset;  ///< elements
};

/// The same address, of which the compiler knows nothing: it would keep one for each vector of a
/// row, and there are not as many registers.
template <class T>
HWY_INLINE const T* opaque(const T* address) {
  asm("" : "+r"(address));  // NOLINT(hicpp-no-assembler): no instruction
  return address;
}

/// Adds the rows of spikes to kNum vectors of outputs.
template <std::size_t kNum, class T>
HWY_INLINE void add_rows(const T* weights, Spikes spikes, T* y) {
  const hn::ScalableTag<T> d;
  constexpr std::size_t n = kLanes<T>;
  hn::Vec<decltype(d)> sums[kNum];
  for (std::size_t v = 0; v < kNum; ++v) sums[v] = hn::LoadU(d, y + v * n);
  for (const std::uint32_t* spike = spikes.begin; spike != spikes.end; ++spike) {
    const T* from = opaque(weights + (spikes.offset + *spike));
    for (std::size_t v = 0; v < kNum; ++v) sums[v] = hn::Add(sums[v], hn::LoadU(d, from + v * n));
  }
  for (std::size_t v = 0; v < kNum; ++v) hn::StoreU(sums[v], d, y + v * n);
}

template <class T>
HWY_INLINE void add_all_rows(const SpikeSums& sums, const T* weights, Spikes spikes, T* y) {
  constexpr std::size_t n = kLanes<T>;
  std::size_t i = 0;
  const auto add = [&](auto num) PARE_KERNEL_ATTR {
    constexpr std::size_t kNum = decltype(num)::value;
    for (; i + (kNum - 1) * n < sums.num_outputs; i += kNum * n) {
      add_rows<kNum>(weights + i, spikes, y + i);
    }
  };
  add(Tag<std::size_t{8}>());
  add(Tag<std::size_t{6}>());
  add(Tag<std::size_t{4}>());
  add(Tag<std::size_t{3}>());
  add(Tag<std::size_t{2}>());
  add(Tag<std::size_t{1}>());
}

/// Rows of bytes that are added to 16-bit sums: where the first one would begin, and one of zeros.
struct ByteRows {
  const std::uint8_t* first;
  const std::uint8_t* zeros;
  std::ptrdiff_t offset;  ///< SpikeSums::offset
};

/// The same of weights in bytes. Not inlined, for the loop needs all registers.
template <std::size_t kNum>
HWY_NOINLINE void add_byte_rows(ByteRows rows, const std::uint32_t* spike, const std::uint32_t* end,
                                std::int16_t* y) {
  const std::ptrdiff_t lack = (spike - end) * rows.offset;
  ByteSums<kNum> added;
  for (; end - spike >= kByteRows; spike += kByteRows) {
    added.add_rows(rows.first + spike[0], rows.first + spike[1], rows.first + spike[2],
                   rows.first + spike[3]);
  }
  const std::ptrdiff_t left = end - spike;
  if (left > 0) {
    // Behind the last spike others are listed, or there is room: they become zeros, by arithmetic,
    // for a branch would be guessed wrong.
    const std::ptrdiff_t zeros = rows.zeros - rows.first;
    const auto row_if = [&](std::ptrdiff_t i) PARE_KERNEL_ATTR {
      const auto row = static_cast<std::ptrdiff_t>(spike[i]);
      return rows.first + (zeros + ((row - zeros) & ((i - left) >> 63)));
    };
    added.add_rows(rows.first + spike[0], row_if(1), row_if(2), rows.zeros);
  }
  // Modulo 2^16: what is left fits.
  added.store(y, hn::Set(hn::ScalableTag<std::uint16_t>(), static_cast<std::uint16_t>(lack)), y);
}

HWY_INLINE void add_all_rows(const SpikeSums& sums, const std::uint8_t* weights, Spikes spikes,
                             std::int16_t* y) {
  constexpr std::size_t n = kLanes<std::uint8_t>;
  std::size_t i = 0;
  const auto add = [&](auto num) PARE_KERNEL_ATTR {
    constexpr std::size_t kNum = decltype(num)::value;
    for (; i + (kNum - 1) * n < sums.num_outputs; i += kNum * n) {
      const std::uint8_t* zeros = weights + sums.num_inputs() * sums.row + i;
      add_byte_rows<kNum>({weights + spikes.offset + i, zeros, sums.offset}, spikes.begin,
                          spikes.end, y + i);
    }
  };
  add(Tag<std::size_t{4}>());
  add(Tag<std::size_t{3}>());
  add(Tag<std::size_t{2}>());
  add(Tag<std::size_t{1}>());
}

/// A line of the input, and the windows that a block meets there.
struct Line {
  std::size_t input;   ///< position of the first element
  std::size_t output;  ///< position of the first window
  std::size_t begin;   ///< of those that are looked at now
  std::size_t end;
};

/// The spikes of a block's rows, for windows of a line.
template <class T, class W>
HWY_INLINE void add_block(const SpikeSums& sums, const SpikeBlock& block, Line line,
                          const W* weights, const std::uint8_t* bits, const SpikeRoom& room) {
  const auto& [d, h, w] = sums.window.axes;
  const std::size_t channels = sums.num_channels;
  const auto dilation = static_cast<std::size_t>(w.dilation);
  const std::size_t tap = block.begin / channels;
  const std::size_t first_row = (block.plane * static_cast<std::size_t>(h.kernel) + block.line) *
                                static_cast<std::size_t>(w.kernel) * channels;
  T* y = reinterpret_cast<T*>(room.totals) + line.output * sums.num_outputs;
  const std::vector<Reach>& all = sums.reach[2];
  // What a window writes beyond its sums is not read right after by its neighbour.
  for (std::size_t parity = 0; parity < 2; ++parity) {
    for (std::size_t o = line.begin + parity; o < line.end; o += 2) {
      const Reach& reach = all[o];
      const std::size_t begin = HWY_MAX(block.begin, reach.first * channels);
      const std::size_t end = HWY_MIN(block.end, reach.last * channels);
      if (begin >= end) continue;
      // Elements of the window that are neighbours are neighbours in the input, or there is one.
      const std::size_t from = dilation == 1 ? reach.first : tap;
      const std::size_t at = reach.at + (from - reach.first) * dilation;
      const std::size_t bit = (line.input + at) * channels + begin - from * channels;
      const std::ptrdiff_t rows =
          static_cast<std::ptrdiff_t>(first_row + begin) - static_cast<std::ptrdiff_t>(bit);
      const Spikes spikes{spike_from(bits, bit, room), spike_from(bits, bit + end - begin, room),
                          rows * static_cast<std::ptrdiff_t>(sums.row)};
      add_all_rows(sums, weights, spikes, y + o * sums.num_outputs);
    }
  }
}

/// A block's rows, for windows of some columns on all lines.
template <class T, class W>
HWY_INLINE void add_block_to_lines(const SpikeSums& sums, const SpikeBlock& block, Line line,
                                   const W* weights, const std::uint8_t* bits,
                                   const SpikeRoom& room) {
  const auto& [d, h, w] = sums.window.axes;
  const auto num_lines = static_cast<std::size_t>(h.input);
  const auto num_columns = static_cast<std::size_t>(w.input);
  for (const Reach& planes : sums.reach[0]) {
    for (const Reach& rows : sums.reach[1]) {
      const bool reaches = block.plane >= planes.first && block.plane < planes.last &&
                           block.line >= rows.first && block.line < rows.last;
      const std::size_t plane =
          planes.at + (block.plane - planes.first) * static_cast<std::size_t>(d.dilation);
      const std::size_t row =
          rows.at + (block.line - rows.first) * static_cast<std::size_t>(h.dilation);
      line.input = (plane * num_lines + row) * num_columns;
      if (reaches) add_block<T>(sums, block, line, weights, bits, room);
      line.output += sums.reach[2].size();
    }
  }
}

/// Every spike adds its row, block by block of rows, for as many windows as the cache has room for.
/// Sums of a position end where those of the next one begin: what goes beyond them is written
/// first, and then over, or is zeros that are added.
template <class T, class W>
void sum_events(const SpikeSums& sums, const W* weights, const T* bias, const std::uint8_t* bits,
                const SpikeRoom& room) {
  const hn::ScalableTag<T> lanes;
  T* y = reinterpret_cast<T*>(room.totals);
  for (std::size_t o = 0; o < sums.window.num_outputs(); ++o) {
    for (std::size_t i = 0; i < sums.row; i += kLanes<T>) {
      hn::StoreU(hn::LoadU(lanes, bias + i), lanes, y + o * sums.num_outputs + i);
    }
  }
  list_spikes(bits, sums, room);
  const std::size_t all = sums.reach[2].size();
  for (std::size_t begin = 0; begin < all; begin += sums.num_columns) {
    const std::size_t end = HWY_MIN(all, begin + sums.num_columns);
    for (const SpikeBlock& block : sums.blocks) {
      add_block_to_lines<T>(sums, block, {0, 0, begin, end}, weights, bits, room);
    }
  }
}

void sum_dense(const SpikeSums& sums, const std::uint8_t* bits, const SpikeRoom& room) {
  const View x{.data = reinterpret_cast<std::byte*>(room.inputs),
               .size = sums.num_inputs(),
               .element = Element::kU8,
               .interleave = 4};
  View y{.data = room.totals, .size = sums.num_outputs, .element = Element::kI32};
  const std::size_t padded = round_up(sums.num_inputs(), 8) + 8;
  for_each_window(sums.reach, [&](std::size_t o, const Reach& planes, const Reach& rows,
                                  const Reach& columns) PARE_KERNEL_ATTR {
    std::memset(room.inputs, 0, padded);
    for_each_run(sums.window, sums.num_channels, planes, rows, columns,
                 [&](Run run) PARE_KERNEL_ATTR { expand(bits, run, room.inputs); });
    y.data = room.totals + o * sums.num_outputs * sizeof(std::int32_t);
    sums.dense_kernel({sums.dense, x, y, 0, {}});
  });
}

/// Writes the sums of a step to room.totals.
void sum(const SpikeSums& sums, const std::byte* spikes, const SpikeRoom& room) {
  const auto* bits = reinterpret_cast<const std::uint8_t*>(spikes) + kSpikeHeader;
  if (sums.dense_kernel != nullptr) return sum_dense(sums, bits, room);
  if (!sums.tables.sums.empty()) {
    return table_kernel()(sums, bits, reinterpret_cast<std::int16_t*>(room.totals));
  }
  if (!sums.bytes.empty()) {
    return sum_events(sums, sums.bytes.data(), sums.short_bias.data(), bits, room);
  }
  if (!sums.shorts.empty()) {
    return sum_events(sums, sums.shorts.data(), sums.short_bias.data(), bits, room);
  }
  sum_events(sums, sums.ints.data(), sums.int_bias.data(), bits, room);
}

void store_sums(const SpikeCall& call, Totals totals) {
  const auto store = [&](auto* from) {
    with_type(call.y.element, [&](auto type) {
      auto* to = reinterpret_cast<decltype(type)*>(call.y.at(call.t));
      call.op.y.for_each([&](std::size_t flat, std::size_t at) {
        to[flat] = static_cast<decltype(type)>(from[at]);
      });
    });
  };
  if (totals.is_short) return store(reinterpret_cast<const std::int16_t*>(totals.data));
  store(reinterpret_cast<const std::int32_t*>(totals.data));
}

/// The neurons of the steps that this call runs.
void run_neurons(const SpikeCall& call, Totals totals, std::size_t total_bytes) {
  neuron_kernel()({.neurons = *call.op.neurons,
                   .totals = totals,
                   .total_bytes = total_bytes,
                   .membranes = call.membranes.data,
                   .starts = call.is_first() && call.op.neurons->initial.has_value(),
                   .is_last = call.is_last(),
                   .spikes = call.y.at(call.t),
                   .num_steps = static_cast<std::size_t>(call.num_steps_here()),
                   .step_bytes = call.y.step_bytes});
}

void run_layer(const SpikeCall& call) {
  const SpikeSums& sums = *call.op.sums;
  const SpikeRoom room(call.op, call.room);
  SpikeRoom of_step = room;
  for (std::int64_t t = call.t; t < call.t + call.num_steps_here(); ++t) {
    sum(sums, call.x.at(t), of_step);
    of_step.totals += room.total_bytes;
  }
  run_neurons(call, {room.totals, sums.are_short()}, room.total_bytes);
}

void run_spikes(const SpikeCall& call) noexcept {
  const SpikeOp& op = call.op;
  if (op.kind == SpikeKind::kSums) {
    const SpikeRoom room(op, call.room);
    sum(*op.sums, call.x.at(call.t), room);
    return store_sums(call, {room.totals, op.sums->are_short()});
  }
  if (call.num_steps_here() == 0) return;
  if (op.kind == SpikeKind::kLayer) return run_layer(call);
  run_neurons(call, {call.x.at(call.t), false}, 0);
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
SpikeKernel spike_kernel() { return run_spikes; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
