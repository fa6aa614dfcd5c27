// Sums of windows of few inputs, by tables: how many of these spike makes no difference, and
// nothing branches. Highway compiles this file once for every instruction set.

#include "engine/highway_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels_spike_tables.cpp"
#include <array>
#include <cstring>

#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "engine/kernel_byte_sums.inc"
#include "engine/spikes.h"

PARE_BEFORE_KERNELS();
namespace pare::engine::HWY_NAMESPACE {
namespace {

/// The inputs of a window that spike, as bits in the order of its weights.
using Words = std::array<std::uint64_t, kTableWords>;

/// At most kPieceBits bits from any one on.
HWY_INLINE std::uint64_t some_bits(const std::uint8_t* bits, std::size_t at, std::size_t count) {
  std::uint64_t word = 0;
  std::memcpy(&word, bits + at / 8, sizeof(word));
  return word >> (at % 8) & ((std::uint64_t{1} << count) - 1);
}

/// Calls f(piece) for each piece of the window, whose bits it returns, and sets the words.
template <class F>
HWY_INLINE void gather(const SpikeTables& tables, Words& words, const F& f) {
  const SpikePiece* piece = tables.pieces.data();
  for (std::size_t w = 0; w < tables.num_words; ++w) {
    std::uint64_t word = 0;
    for (const SpikePiece* end = tables.pieces.data() + tables.words[w + 1]; piece != end;
         ++piece) {
      word |= f(*piece) << piece->shift;
    }
    words[w] = word;
  }
}

/// A window that lies within the input, from bit `at` on.
HWY_INLINE void gather_whole(const SpikeTables& tables, const std::uint8_t* bits, std::size_t at,
                             Words& words) {
  gather(tables, words, [&](const SpikePiece& piece) PARE_KERNEL_ATTR {
    return some_bits(bits, at + piece.at, piece.count);
  });
}

/// Any window: what lies outside of the input has no spikes.
void gather_part(const SpikeSums& sums, const std::uint8_t* bits, const Reach& planes,
                 const Reach& lines, const Reach& columns, Words& words) {
  const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
  const std::size_t begin = columns.first * sums.num_channels;
  const std::size_t end = columns.last * sums.num_channels;
  gather(sums.tables, words, [&](const SpikePiece& piece) PARE_KERNEL_ATTR -> std::uint64_t {
    const std::size_t from = HWY_MAX(begin, piece.begin);
    const std::size_t to = HWY_MIN(end, piece.begin + piece.count);
    if (piece.plane < planes.first || piece.plane >= planes.last || piece.line < lines.first ||
        piece.line >= lines.last || from >= to) {
      return 0;
    }
    const auto& [d, h, w] = sums.window.axes;
    const std::size_t plane = planes.at + (piece.plane - planes.first) * size(d.dilation);
    const std::size_t line = lines.at + (piece.line - lines.first) * size(h.dilation);
    const std::size_t position = (plane * size(h.input) + line) * size(w.input) + columns.at;
    return some_bits(bits, position * sums.num_channels + from - begin, to - from)
           << (from - piece.begin);
  });
}

/// Adds the rows of kCount chunks.
template <std::size_t kCount, std::size_t kNum>
HWY_INLINE void add_chunks(const std::uint8_t* tables, std::uint64_t word, ByteSums<kNum>& added) {
  constexpr std::size_t kRow = kNum * kLanes<std::uint8_t>;
  constexpr std::uint64_t kPatterns = std::uint64_t{1} << kTableInputs;
  if constexpr (kCount > 0) {
    added.add_row(tables + word % kPatterns * kRow);
    add_chunks<kCount - 1>(tables + kPatterns * kRow, word >> kTableInputs, added);
  }
}

/// The sums of kNum vectors of the outputs of a window. Not inlined, for the loop needs all
/// registers.
template <std::size_t kNum>
HWY_NOINLINE void look_up(std::size_t num_chunks, const std::uint8_t* tables,
                          const std::uint64_t* words, const std::int16_t* bias, std::int16_t lack,
                          std::int16_t* y) {
  constexpr std::size_t kChunk = (kNum << kTableInputs) * kLanes<std::uint8_t>;  // bytes
  constexpr std::size_t kAtOnce = 4;
  ByteSums<kNum> added;
  for (; num_chunks >= kWordChunks; num_chunks -= kWordChunks) {
    add_chunks<kWordChunks>(tables, *words++, added);
    tables += kWordChunks * kChunk;
  }
  std::uint64_t word = num_chunks == 0 ? 0 : *words;
  for (; num_chunks >= kAtOnce; num_chunks -= kAtOnce) {
    add_chunks<kAtOnce>(tables, word, added);
    tables += kAtOnce * kChunk;
    word >>= kAtOnce * kTableInputs;
  }
  if (num_chunks == 3) add_chunks<3>(tables, word, added);
  if (num_chunks == 2) add_chunks<2>(tables, word, added);
  if (num_chunks == 1) add_chunks<1>(tables, word, added);
  added.store(bias, hn::Set(hn::ScalableTag<std::uint16_t>(), static_cast<std::uint16_t>(lack)), y);
}

/// All outputs of a window. The last ones first, for what they write beyond.
HWY_INLINE void look_up_all(const SpikeSums& sums, const Words& words, std::int16_t lack,
                            std::int16_t* y) {
  constexpr std::size_t n = kLanes<std::uint8_t>;
  const std::size_t num_chunks = sums.tables.num_chunks;
  for (std::size_t i = round_up(sums.num_outputs, n); i > 0;) {
    const std::size_t num = (i - 1) / n % kTableVectors + 1;
    i -= num * n;
    const std::uint8_t* tables = sums.tables.sums.data() + (i * num_chunks << kTableInputs);
    const std::int16_t* bias = sums.short_bias.data() + i;
    if (num == 3) look_up<3>(num_chunks, tables, words.data(), bias, lack, y + i);
    if (num == 2) look_up<2>(num_chunks, tables, words.data(), bias, lack, y + i);
    if (num == 1) look_up<1>(num_chunks, tables, words.data(), bias, lack, y + i);
  }
}
static_assert(kTableVectors == 3);

/// Sums of a window end where those of the next one begin, which writes over what goes beyond.
void sum_by_tables(const SpikeSums& sums, const std::uint8_t* bits, std::int16_t* y) {
  const auto& [d, h, w] = sums.window.axes;
  const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
  // Modulo 2^16: what is left fits.
  const auto lack = static_cast<std::int16_t>(-static_cast<std::int64_t>(
      sums.tables.num_chunks * kTableInputs * static_cast<std::size_t>(sums.offset)));
  Words words = {};
  for (const Reach& planes : sums.reach[0]) {
    for (const Reach& lines : sums.reach[1]) {
      const bool is_all = planes.count() == size(d.kernel) && lines.count() == size(h.kernel);
      const std::size_t line = (planes.at * size(h.input) + lines.at) * size(w.input);
      for (const Reach& columns : sums.reach[2]) {
        if (is_all && columns.count() == size(w.kernel)) {
          gather_whole(sums.tables, bits, (line + columns.at) * sums.num_channels, words);
        } else {
          gather_part(sums, bits, planes, lines, columns, words);
        }
        look_up_all(sums, words, lack, y);
        y += sums.num_outputs;
      }
    }
  }
}

}  // namespace

// Wanted by kernels_spikes.cpp: the one of each instruction set.
SpikeTableKernel table_kernel() { return sum_by_tables; }

}  // namespace pare::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
