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

#include "engine/kernel_finish.inc"
#include "engine/kernels.h"
#include "engine/spikes.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {

NeuronKernel neuron_kernel();  // kernels_neurons.cpp

namespace {

// ------------------------------------------------------------------------------------- its spikes

HWY_INLINE std::uint64_t word_of(const std::uint8_t* bits, std::size_t i) {
  std::uint64_t word = 0;
  std::memcpy(&word, bits + 8 * i, sizeof(word));
  return word;
}

/// The numbers of the bits that are set in a byte, the first ones first.
constexpr std::array<std::array<std::uint8_t, 8>, 256> bits_of_bytes() {
  std::array<std::array<std::uint8_t, 8>, 256> table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte) {
    std::size_t count = 0;
    for (std::uint8_t bit = 0; bit < 8; ++bit) {
      if ((byte >> bit & 1) != 0) table[byte][count++] = bit;
    }
  }
  return table;
}
constexpr std::array<std::array<std::uint8_t, 8>, 256> kBitsOfBytes = bits_of_bytes();

/// Lists where the rows of the bits that are set would begin if that of the first bit was the first
/// row. Byte by byte: eight are written, however many there are, for a branch for each would be
/// guessed wrong.
HWY_INLINE void list_spikes(const std::uint8_t* bits, const SpikeSums& sums,
                            const SpikeRoom& room) {
  const hn::CappedTag<std::uint32_t, 8> d;
  const hn::Rebind<std::uint8_t, decltype(d)> narrow;
  std::uint32_t* to = room.spikes;
  const auto row = hn::Set(d, static_cast<std::uint32_t>(sums.row));
  const std::size_t num_words = (sums.num_bits() + 63) / 64;
  for (std::size_t i = 0; i < num_words; ++i) {
    const std::uint64_t word = word_of(bits, i);
    room.before[i] = static_cast<std::uint32_t>(to - room.spikes);
    if (word == 0) continue;
    for (std::size_t k = 0; k < 8; ++k) {
      const std::size_t byte = word >> (8 * k) & 0xFF;
      const auto first = hn::Set(d, static_cast<std::uint32_t>(64 * i + 8 * k));
      for (std::size_t v = 0; v < 8; v += hn::Lanes(d)) {
        const auto numbers = hn::PromoteTo(d, hn::LoadU(narrow, kBitsOfBytes[byte].data() + v));
        hn::StoreU(hn::Mul(hn::Add(numbers, first), row), d, to + v);
      }
      to += std::popcount(byte);
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

/// As a constant, which the compiler needs for addresses.
template <class T>
constexpr std::size_t kLanes = hn::MaxLanes(hn::ScalableTag<T>());

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

/// The same of weights in bytes: kNum vectors of them, 16-bit sums.
template <std::size_t kNum>
HWY_INLINE void add_byte_rows(const SpikeSums& sums, const std::uint8_t* weights, Spikes spikes,
                              std::int16_t* y) {
  const hn::ScalableTag<std::uint8_t> bytes;
  const hn::ScalableTag<std::uint16_t> shorts;
  constexpr std::size_t n = kLanes<std::uint16_t>;
  const auto low = hn::Set(shorts, 0xFF);
  // Modulo 2^16: what is left fits.
  const auto lack =
      hn::Set(shorts, static_cast<std::uint16_t>(-(spikes.end - spikes.begin) * sums.offset));
  auto* to = reinterpret_cast<std::uint16_t*>(y);
  hn::Vec<decltype(shorts)> even[kNum];
  hn::Vec<decltype(shorts)> odd[kNum];
  for (std::size_t v = 0; v < kNum; ++v) {
    even[v] = hn::Add(hn::LoadU(shorts, to + 2 * v * n), lack);
    odd[v] = hn::Add(hn::LoadU(shorts, to + (2 * v + 1) * n), lack);
  }
  const auto add = [&](std::ptrdiff_t i, std::ptrdiff_t j, std::ptrdiff_t k,
                       std::ptrdiff_t l) PARE_KERNEL_ATTR {
    const std::uint8_t* a = opaque(weights + (spikes.offset + i));
    const std::uint8_t* b = opaque(weights + (spikes.offset + j));
    const std::uint8_t* c = opaque(weights + (spikes.offset + k));
    const std::uint8_t* d = opaque(weights + (spikes.offset + l));
    for (std::size_t v = 0; v < kNum; ++v) {
      const std::size_t at = 2 * v * n;
      const auto both =
          hn::BitCast(shorts, hn::Add(hn::Add(hn::LoadU(bytes, a + at), hn::LoadU(bytes, b + at)),
                                      hn::Add(hn::LoadU(bytes, c + at), hn::LoadU(bytes, d + at))));
      even[v] = hn::Add(even[v], hn::And(both, low));
      odd[v] = hn::Add(odd[v], hn::ShiftRight<8>(both));
    }
  };
  const std::uint32_t* spike = spikes.begin;
  for (; spikes.end - spike >= kByteRows; spike += kByteRows) {
    add(spike[0], spike[1], spike[2], spike[3]);
  }
  const std::ptrdiff_t left = spikes.end - spike;
  if (left > 0) {
    // Behind the last spike others are listed, or there is room: they become zeros, by arithmetic,
    // for a branch would be guessed wrong.
    const auto zeros = static_cast<std::ptrdiff_t>(sums.num_inputs() * sums.row) - spikes.offset;
    const auto row_if = [&](std::ptrdiff_t i) PARE_KERNEL_ATTR {
      return zeros + ((static_cast<std::ptrdiff_t>(spike[i]) - zeros) & ((i - left) >> 63));
    };
    add(spike[0], row_if(1), row_if(2), zeros);
  }
  for (std::size_t v = 0; v < kNum; ++v) {
    hn::StoreU(even[v], shorts, to + 2 * v * n);
    hn::StoreU(odd[v], shorts, to + (2 * v + 1) * n);
  }
}

HWY_INLINE void add_all_rows(const SpikeSums& sums, const std::uint8_t* weights, Spikes spikes,
                             std::int16_t* y) {
  constexpr std::size_t n = kLanes<std::uint8_t>;
  std::size_t i = 0;
  const auto add = [&](auto num) PARE_KERNEL_ATTR {
    constexpr std::size_t kNum = decltype(num)::value;
    for (; i + (kNum - 1) * n < sums.num_outputs; i += kNum * n) {
      add_byte_rows<kNum>(sums, weights + i, spikes, y + i);
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
};

/// The spikes of a block's rows, for all windows of a line.
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
  for (std::size_t o = 0, parity = 0; parity < 2; o = ++parity) {
    for (; o < all.size(); o += 2) {
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

/// Every spike adds its row, block by block of rows. Sums of a position end where those of the next
/// one begin: what goes beyond them is written first, and then over, or is zeros that are added.
template <class T, class W>
void sum_events(const SpikeSums& sums, const W* weights, const T* bias, const std::uint8_t* bits,
                const SpikeRoom& room) {
  const hn::ScalableTag<T> lanes;
  const auto& [d, h, w] = sums.window.axes;
  T* y = reinterpret_cast<T*>(room.totals);
  for (std::size_t o = 0; o < sums.window.num_outputs(); ++o) {
    for (std::size_t i = 0; i < sums.row; i += kLanes<T>) {
      hn::StoreU(hn::LoadU(lanes, bias + i), lanes, y + o * sums.num_outputs + i);
    }
  }
  list_spikes(bits, sums, room);
  const auto num_lines = static_cast<std::size_t>(h.input);
  const auto num_columns = static_cast<std::size_t>(w.input);
  for (const SpikeBlock& block : sums.blocks) {
    Line line{0, 0};
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

Totals sum(const SpikeSums& sums, const std::byte* spikes, const SpikeRoom& room) {
  const auto* bits = reinterpret_cast<const std::uint8_t*>(spikes) + kSpikeHeader;
  if (sums.dense_kernel != nullptr) {
    sum_dense(sums, bits, room);
    return {room.totals, false};
  }
  if (!sums.bytes.empty()) {
    sum_events(sums, sums.bytes.data(), sums.short_bias.data(), bits, room);
    return {room.totals, true};
  }
  if (!sums.shorts.empty()) {
    sum_events(sums, sums.shorts.data(), sums.short_bias.data(), bits, room);
    return {room.totals, true};
  }
  sum_events(sums, sums.ints.data(), sums.int_bias.data(), bits, room);
  return {room.totals, false};
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

/// Steps at once where their spikes have slots; those that follow have nothing to do then.
void run_neurons(const SpikeCall& call) {
  NeuronCall neurons{.neurons = *call.op.neurons,
                     .totals = {call.x.at(call.t), false},
                     .membranes = call.membranes.data,
                     .spikes = call.y.at(call.t)};
  if (call.y.slots != 0) {
    if (call.t % call.y.slots != 0) return;
    neurons.num_steps =
        static_cast<std::size_t>(std::min<std::int64_t>(call.y.slots, call.num_steps - call.t));
    neurons.step_bytes = call.y.step_bytes;
  }
  neuron_kernel()(neurons);
}

void run_spikes(const SpikeCall& call) noexcept {
  const SpikeOp& op = call.op;
  if (op.kind == SpikeKind::kNeurons) return run_neurons(call);
  const Totals totals = sum(*op.sums, call.x.at(call.t), SpikeRoom(op, call.room));
  if (op.kind == SpikeKind::kSums) return store_sums(call, totals);
  neuron_kernel()({.neurons = *op.neurons,
                   .totals = totals,
                   .membranes = call.membranes.data,
                   .spikes = call.y.at(call.t)});
}

}  // namespace

// Wanted by kernels_linear.cpp: the one of each instruction set.
SpikeKernel spike_kernel() { return run_spikes; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
