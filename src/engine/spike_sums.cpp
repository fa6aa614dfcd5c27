#include "engine/spike_sums.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/plan_parts.h"

namespace pare::engine {
namespace {

using graph::Window;
using program::Interval;

constexpr std::size_t vector_bytes(InstructionSet set) {
  switch (set) {
    case InstructionSet::kAvx512Vnni:
      return 64;
    case InstructionSet::kAvx2:
      return 32;
    case InstructionSet::kNeon:
    case InstructionSet::kPortable:
      break;
  }
  return 16;
}

/// Bytes of weights that are added in one go: most of the smallest second-level cache. To go
/// through less at a time, so that the first-level cache has it, costs what it saves.
constexpr std::size_t kBlockBytes = std::size_t{192} << 10;
/// Bytes of the sums to which they are: some of the smallest first-level cache.
constexpr std::size_t kBlockSumBytes = std::size_t{8} << 10;

/// At most as many of tables, which share the first-level cache with sums.
constexpr std::size_t kTableBytes = std::size_t{20} << 10;

/// The weights of an input for all outputs next to each other.
template <class T>
AlignedVector<T> rows_of(std::span<const std::int64_t> weight, std::size_t num_outputs,
                         std::size_t row) {
  const std::size_t num_inputs = weight.size() / num_outputs;
  AlignedVector<T> rows(num_inputs * row);
  for (std::size_t m = 0; m < num_outputs; ++m) {
    for (std::size_t i = 0; i < num_inputs; ++i) {
      rows[i * row + m] = static_cast<T>(weight[m * num_inputs + i]);
    }
  }
  return rows;
}

std::vector<SpikeBlock> blocks_of(const SpikeSums& sums) {
  const auto& [outer, middle, inner] = sums.window.axes;
  const std::size_t element = !sums.bytes.empty()    ? sizeof(std::uint8_t)
                              : !sums.shorts.empty() ? sizeof(std::int16_t)
                                                     : sizeof(std::int32_t);
  const std::size_t most = std::max<std::size_t>(16, kBlockBytes / (sums.row * element));
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  // Where elements of the window are no neighbours in the input, each one stands alone.
  const std::size_t taps = inner.dilation == 1 ? 1 : size(inner.kernel);
  const std::size_t length = size(inner.kernel) / taps * sums.num_channels;
  std::vector<SpikeBlock> blocks;
  for (std::size_t plane = 0; plane < size(outer.kernel); ++plane) {
    for (std::size_t line = 0; line < size(middle.kernel); ++line) {
      for (std::size_t tap = 0; tap < taps; ++tap) {
        const std::size_t number = (length + most - 1) / most;
        for (std::size_t i = 0; i < number; ++i) {
          blocks.push_back({plane, line, tap * length + length * i / number,
                            tap * length + length * (i + 1) / number});
        }
      }
    }
  }
  return blocks;
}

/// Columns of windows whose sums are made at a time.
std::size_t columns_of(const SpikeSums& sums) {
  const std::size_t columns = std::max<std::size_t>(1, sums.reach[2].size());
  const std::size_t lines = sums.window.num_outputs() / columns;
  const std::size_t column = std::max<std::size_t>(1, lines * sums.num_outputs) *
                             (sums.are_short() ? sizeof(std::int16_t) : sizeof(std::int32_t));
  // An even number, for even and odd ones take turns.
  return 2 * std::max<std::size_t>(2, kBlockSumBytes / (2 * column));
}

/// Where an output stands in a row of bytes.
std::size_t place_in_bytes(std::size_t output, std::size_t vector) {
  const std::size_t within = output % vector;
  return output - within + (within < vector / 2 ? 2 * within : 2 * within - vector + 1);
}

/// As SpikeSums has them; padding adds nothing.
AlignedVector<std::uint8_t> byte_rows(std::span<const std::int64_t> weight, const SpikeSums& sums,
                                      std::size_t vector) {
  const std::size_t num_inputs = weight.size() / sums.num_outputs;
  AlignedVector<std::uint8_t> rows(num_inputs * sums.row, static_cast<std::uint8_t>(sums.offset));
  rows.resize((num_inputs + 1) * sums.row);
  for (std::size_t m = 0; m < sums.num_outputs; ++m) {
    const std::size_t at = place_in_bytes(m, vector);
    for (std::size_t i = 0; i < num_inputs; ++i) {
      rows[i * sums.row + at] = static_cast<std::uint8_t>(weight[m * num_inputs + i] + sums.offset);
    }
  }
  return rows;
}

/// Cuts a window into pieces, in the order of its weights.
void set_pieces(const SpikeSums& sums, SpikeTables& tables) {
  const auto& [outer, middle, inner] = sums.window.axes;
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const std::size_t length = size(inner.kernel) * sums.num_channels;
  const std::size_t line_bits = size(inner.input) * sums.num_channels;
  std::size_t input = 0;
  for (std::size_t plane = 0; plane < size(outer.kernel); ++plane) {
    for (std::size_t line = 0; line < size(middle.kernel); ++line) {
      const std::size_t run =
          plane * size(outer.dilation) * size(middle.input) + line * size(middle.dilation);
      for (std::size_t begin = 0; begin < length;) {
        const std::size_t count = std::min({kPieceBits, length - begin, 64 - input % 64});
        tables.pieces.push_back({.plane = plane,
                                 .line = line,
                                 .begin = begin,
                                 .count = count,
                                 .at = run * line_bits + begin,
                                 .shift = input % 64});
        tables.words[input / 64 + 1] = tables.pieces.size();
        begin += count;
        input += count;
      }
    }
  }
}

/// The form of tables, without sums: none of larger ones than the first-level cache has room for.
std::optional<SpikeTables> form_of_tables(const SpikeSums& sums) {
  if (sums.window.axes[2].dilation != 1) return std::nullopt;
  SpikeTables tables{.num_chunks = round_up(sums.num_inputs(), kTableInputs) / kTableInputs};
  const std::size_t size = (tables.num_chunks << kTableInputs) * sums.row;
  tables.num_words = round_up(sums.num_inputs(), 64) / 64;
  if (size > kTableBytes || tables.num_words > kTableWords) return std::nullopt;
  tables.sums.resize(size);
  set_pieces(sums, tables);
  return tables;
}

/// Some outputs, and the bytes of the vectors whose order they have.
struct TableOutputs {
  std::size_t begin;
  std::size_t end;
  std::size_t vector;
};

/// A row of tables: the sums of some outputs, for inputs from `first` on that spike as `pattern`
/// says.
void fill_row(std::span<const std::int64_t> weight, const SpikeSums& sums, std::size_t first,
              std::size_t pattern, TableOutputs outputs, std::uint8_t* row) {
  const std::size_t num_inputs = sums.num_inputs();
  const std::size_t count = std::min(kTableInputs, num_inputs - first);
  for (std::size_t m = outputs.begin; m < outputs.end; ++m) {
    std::int64_t sum = static_cast<std::int64_t>(kTableInputs) * sums.offset;
    for (std::size_t i = 0; i < count; ++i) {
      if ((pattern >> i & 1) != 0) sum += weight[m * num_inputs + first + i];
    }
    row[place_in_bytes(m, outputs.vector) - outputs.begin] = static_cast<std::uint8_t>(sum);
  }
}

void fill(SpikeTables& tables, std::span<const std::int64_t> weight, const SpikeSums& sums,
          std::size_t vector) {
  std::uint8_t* row = tables.sums.data();
  for (std::size_t begin = 0; begin < sums.row; begin += kTableVectors * vector) {
    const std::size_t width = std::min(kTableVectors * vector, sums.row - begin);
    const TableOutputs outputs{begin, std::min(begin + width, sums.num_outputs), vector};
    for (std::size_t chunk = 0; chunk < tables.num_chunks; ++chunk) {
      for (std::size_t pattern = 0; pattern < std::size_t{1} << kTableInputs; ++pattern) {
        fill_row(weight, sums, chunk * kTableInputs, pattern, outputs, row);
        row += width;
      }
    }
  }
}

template <class T>
AlignedVector<T> bias_row(std::span<const std::int64_t> bias, std::size_t row) {
  AlignedVector<T> list(row);
  for (std::size_t m = 0; m < bias.size(); ++m) list[m] = static_cast<T>(bias[m]);
  return list;
}

}  // namespace

std::vector<std::int64_t> by_stored_tap(std::span<const std::int64_t> weight,
                                        std::size_t num_outputs, const Window& window,
                                        const AxisOrder& order) {
  std::array<std::size_t, 3> size;
  for (std::size_t i = 0; i < 3; ++i) size[i] = static_cast<std::size_t>(window.axes[i].kernel);
  const std::array<std::size_t, 3> stride = {size[1] * size[2], size[2], 1};
  const std::size_t taps = window.num_taps();
  const std::size_t channels = weight.size() / (num_outputs * taps);
  std::vector<std::int64_t> to;
  to.reserve(weight.size());
  for (std::size_t m = 0; m < num_outputs; ++m) {
    for (std::size_t i = 0; i < size[order[0]]; ++i) {
      for (std::size_t j = 0; j < size[order[1]]; ++j) {
        for (std::size_t k = 0; k < size[order[2]]; ++k) {
          const std::size_t tap =
              i * stride[order[0]] + j * stride[order[1]] + k * stride[order[2]];
          for (std::size_t c = 0; c < channels; ++c) {
            to.push_back(weight[(m * channels + c) * taps + tap]);
          }
        }
      }
    }
  }
  return to;
}

std::optional<SpikeSums> make_spike_sums(const SpikeConv& conv, const AxisOrder& order,
                                         InstructionSet set, std::optional<KernelKind> preferred) {
  if (!fits_bits(32, conv.sums)) return std::nullopt;
  const StoredWindow of = stored_window(conv.window, conv.num_channels, order);
  const auto& [outer, middle, inner] = of.window.axes;
  SpikeSums made{.window = of.window,
                 .reach = {reaches(outer), reaches(middle), reaches(inner)},
                 .num_channels = of.num_channels,
                 .num_outputs = conv.num_outputs,
                 .row = round_up(conv.num_outputs, 2 * kBlock)};
  const std::vector<std::int64_t> weight =
      by_stored_tap(conv.weight, conv.num_outputs, conv.window, order);
  const Interval weights = weight.empty() ? Interval{} : hull_of(weight);
  const Interval with_zero{std::min<std::int64_t>(0, weights.lowest),
                           std::max<std::int64_t>(0, weights.highest)};
  if (!fits_bits(16, conv.sums)) {
    made.ints = rows_of<std::int32_t>(weight, conv.num_outputs, made.row);
    made.int_bias = bias_row<std::int32_t>(conv.bias, made.row);
  } else if (kByteRows * (with_zero.highest - with_zero.lowest) <= 255) {
    made.row = round_up(conv.num_outputs, vector_bytes(set));
    made.offset = static_cast<std::int16_t>(-with_zero.lowest);
    made.short_bias = bias_row<std::int16_t>(conv.bias, made.row);
    if (auto tables = preferred ? std::nullopt : form_of_tables(made)) {
      made.tables = std::move(*tables);
      fill(made.tables, weight, made, vector_bytes(set));
    } else {
      made.bytes = byte_rows(weight, made, vector_bytes(set));
    }
  } else {
    made.shorts = rows_of<std::int16_t>(weight, conv.num_outputs, made.row);
    made.short_bias = bias_row<std::int16_t>(conv.bias, made.row);
  }
  // Where rows begin has 32 bits.
  if (!fits_bits(32, {0, static_cast<std::int64_t>(made.num_bits() * made.row)})) {
    return std::nullopt;
  }
  made.blocks = blocks_of(made);
  made.num_columns = columns_of(made);
  if (!fits_bits(8, weights) || preferred != KernelKind::kDenseBytes) return made;
  made.dense.dense =
      std::make_shared<const DenseWeights>(pack_dense({.weight = weight,
                                                       .bias = conv.bias,
                                                       .num_outputs = conv.num_outputs,
                                                       .num_inputs = made.num_inputs(),
                                                       .interleave = 4,
                                                       .x = {0, 1}}));
  made.dense_kernel = kernels_of(set).dense_sample;
  return made;
}

}  // namespace pare::engine
