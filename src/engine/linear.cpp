#include "engine/linear.h"

#include <algorithm>
#include <cmath>

namespace pare::engine {
namespace {

/// The weights of a group in 32 bits, the first input lowest.
std::int32_t group_of(const Matrix& matrix, std::size_t output, std::size_t group) {
  const std::size_t bits = 32 / matrix.interleave;
  const std::uint32_t mask = bits == 8 ? 0xFF : 0xFFFF;
  std::uint32_t packed = 0;
  for (std::size_t k = 0; k < matrix.interleave; ++k) {
    const std::size_t input = group * matrix.interleave + k;
    if (input >= matrix.num_inputs) break;
    const std::int64_t w = matrix.weight[output * matrix.num_inputs + input];
    packed |= (static_cast<std::uint32_t>(w) & mask) << (bits * k);
  }
  return static_cast<std::int32_t>(packed);
}

std::size_t num_groups(const Matrix& matrix) {
  return round_up(matrix.num_inputs, matrix.interleave) / matrix.interleave;
}

AlignedVector<std::int32_t> pack_bias(const Matrix& matrix) {
  AlignedVector<std::int32_t> bias(round_up(matrix.num_outputs, kBlock));
  for (std::size_t i = 0; i < matrix.bias.size(); ++i) {
    bias[i] = static_cast<std::int32_t>(matrix.bias[i]);
  }
  return bias;
}

/// The bias less 128 times the sum of the weights, modulo 2^32.
AlignedVector<std::int32_t> pack_offset_bias(const Matrix& matrix) {
  if (matrix.interleave != 4 || matrix.x.lowest >= 0) return {};
  AlignedVector<std::int32_t> bias = pack_bias(matrix);
  for (std::size_t i = 0; i < matrix.num_outputs; ++i) {
    std::int64_t sum = 0;
    for (std::size_t j = 0; j < matrix.num_inputs; ++j) {
      sum += matrix.weight[i * matrix.num_inputs + j];
    }
    bias[i] = static_cast<std::int32_t>(static_cast<std::uint32_t>(bias[i]) -
                                        static_cast<std::uint32_t>(128 * sum));
  }
  return bias;
}

/// Whether two neighbouring products fit 16 bits, signed inputs being 128 more.
bool has_small_pairs(const Matrix& matrix) {
  std::int64_t largest_weight = 0;
  for (const std::int64_t w : matrix.weight) largest_weight = std::max(largest_weight, std::abs(w));
  const std::int64_t largest_input = matrix.x.lowest < 0 ? 255 : matrix.x.highest;
  return 2 * largest_weight * largest_input < (1 << 15);
}

constexpr std::ptrdiff_t kMostValues = 16;  // of a codebook

constexpr std::int64_t kLargestShort = (1 << 15) - 1;

/// What partial sums can be: those of what is negative, and those of what is positive.
struct PartialSums {
  std::int64_t lowest = 0;
  std::int64_t highest = 0;

  void add(std::int64_t low, std::int64_t high) {
    lowest += std::min<std::int64_t>(low, 0);
    highest += std::max<std::int64_t>(high, 0);
  }
  bool fits_short() const { return lowest >= -kLargestShort - 1 && highest <= kLargestShort; }
};

/// Whether runs of so many groups of four inputs have sums that fit (DenseWeights::run).
bool fits_runs(const Matrix& matrix, std::size_t run) {
  const std::int64_t largest_input = matrix.x.lowest < 0 ? 255 : matrix.x.highest;
  const std::size_t length = run * matrix.interleave;
  for (std::size_t i = 0; i < matrix.num_outputs; ++i) {
    const auto row = matrix.weight.subspan(i * matrix.num_inputs, matrix.num_inputs);
    for (std::size_t first = 0; first < row.size(); first += length) {
      const auto part = row.subspan(first, std::min(length, row.size() - first));
      PartialSums pairs[2];
      for (std::size_t j = 0; j < part.size(); ++j) {
        const std::int64_t product = part[j] * largest_input;
        pairs[j / 2 % 2].add(product, product);
      }
      if (!pairs[0].fits_short() || !pairs[1].fits_short()) return false;
    }
  }
  return true;
}

/// The longest run of the whole, its half, its third, …; 0 if none fits.
std::size_t longest_run(const Matrix& matrix) {
  if (matrix.interleave != 4) return 0;
  const std::size_t whole = num_groups(matrix);
  std::size_t last = 0;
  for (std::size_t parts = 1; parts <= 16; ++parts) {
    const std::size_t run = (whole + parts - 1) / parts;
    if (run != last && fits_runs(matrix, run)) return run;
    last = run;
  }
  return 0;
}

DenseWeights all_but_weights(const Matrix& matrix) {
  DenseWeights packed{.interleave = matrix.interleave,
                      .num_outputs = matrix.num_outputs,
                      .num_inputs = matrix.num_inputs,
                      .num_groups = num_groups(matrix),
                      .bias = pack_bias(matrix),
                      .offset_bias = pack_offset_bias(matrix),
                      .has_small_pairs = has_small_pairs(matrix)};
  if (packed.has_small_pairs) packed.run = longest_run(matrix);
  return packed;
}

/// Which of -128 … 127 are among the weights.
std::array<bool, 256> values_of(std::span<const std::int64_t> weights) {
  std::array<bool, 256> is_there = {};
  for (const std::int64_t w : weights) is_there[static_cast<std::size_t>(w + 128)] = true;
  return is_there;
}

/// The weights' different values, the smallest first, and the 0 of inputs that the last group
/// lacks. None if there are more than 16.
std::optional<std::vector<std::int8_t>> few_values(const Matrix& matrix) {
  std::array<bool, 256> is_there = values_of(matrix.weight);
  if (matrix.num_inputs % 4 != 0) is_there[128] = true;
  if (std::ranges::count(is_there, true) > kMostValues) return std::nullopt;
  std::vector<std::int8_t> values;
  for (int w = -128; w < 128; ++w) {
    if (is_there[static_cast<std::size_t>(w + 128)]) values.push_back(static_cast<std::int8_t>(w));
  }
  return values;
}

template <class T>
std::size_t bytes(const T& list) {
  return list.size() * sizeof(list[0]);
}

}  // namespace

DenseWeights pack_dense(const Matrix& matrix) {
  DenseWeights packed = all_but_weights(matrix);
  packed.groups.resize(round_up(matrix.num_outputs, kBlock) * packed.num_groups);
  for (std::size_t i = 0; i < matrix.num_outputs; ++i) {
    for (std::size_t g = 0; g < packed.num_groups; ++g) {
      packed.groups[(i / kBlock * packed.num_groups + g) * kBlock + i % kBlock] =
          group_of(matrix, i, g);
    }
  }
  return packed;
}

bool has_few_values(std::span<const std::int64_t> weights) {
  const auto fits = [](std::int64_t w) { return w >= -128 && w <= 127; };
  return std::ranges::all_of(weights, fits) &&
         std::ranges::count(values_of(weights), true) <= kMostValues;
}

std::optional<DenseWeights> pack_codebook(const Matrix& matrix) {
  if (matrix.interleave != 4 || matrix.num_inputs > kMostCodebookInputs) return std::nullopt;
  const std::optional<std::vector<std::int8_t>> values = few_values(matrix);
  if (!values) return std::nullopt;
  DenseWeights packed = all_but_weights(matrix);
  const int bits = values->size() > 4 ? 4 : values->size() > 2 ? 2 : 1;
  Codebook& codebook = packed.codebook.emplace(Codebook{.bits = bits});
  std::ranges::copy(*values, codebook.values.begin());
  const auto fields = static_cast<std::size_t>(8 / bits);
  const std::size_t num_sets = round_up(packed.num_groups, fields) / fields;
  codebook.words.resize(round_up(matrix.num_outputs, kBlock) * num_sets);
  for (std::size_t i = 0; i < matrix.num_outputs; ++i) {
    for (std::size_t j = 0; j < 4 * packed.num_groups; ++j) {
      const std::int64_t w = j < matrix.num_inputs ? matrix.weight[i * matrix.num_inputs + j] : 0;
      const auto number =
          static_cast<std::uint32_t>(std::ranges::lower_bound(*values, w) - values->begin());
      const std::size_t set = j / 4 / fields;
      const auto place = static_cast<int>(8 * (j % 4)) + bits * static_cast<int>(j / 4 % fields);
      std::int32_t& word = codebook.words[(i / kBlock * num_sets + set) * kBlock + i % kBlock];
      word = static_cast<std::int32_t>(static_cast<std::uint32_t>(word) | number << place);
    }
  }
  return packed;
}

SparseWeights pack_sparse(const Matrix& matrix) {
  SparseWeights packed{.interleave = matrix.interleave,
                       .num_outputs = matrix.num_outputs,
                       .bias = pack_bias(matrix),
                       .offset_bias = pack_offset_bias(matrix),
                       .has_small_pairs = has_small_pairs(matrix)};
  const auto add = [&](std::size_t group, std::int32_t weights) {
    packed.inputs.push_back(static_cast<std::uint16_t>(group));
    packed.groups.push_back(weights);
  };
  for (std::size_t i = 0; i < round_up(matrix.num_outputs, kListed); ++i) {
    packed.first.push_back(static_cast<std::uint32_t>(packed.inputs.size()));
    for (std::size_t g = 0; i < matrix.num_outputs && g < num_groups(matrix); ++g) {
      if (const std::int32_t weights = group_of(matrix, i, g); weights != 0) add(g, weights);
    }
    if (packed.inputs.size() == packed.first.back()) add(0, 0);
  }
  packed.first.push_back(static_cast<std::uint32_t>(packed.inputs.size()));
  packed.inputs.push_back(0);
  return packed;
}

std::optional<PairWeights> pack_pairs(const Matrix& matrix) {
  PairWeights packed{.num_outputs = matrix.num_outputs};
  const std::size_t listed = round_up(matrix.num_outputs, kListed);
  packed.bias.resize(listed);
  packed.first.push_back(0);
  for (std::size_t i = 0; i < matrix.num_outputs; ++i) {
    const auto row = matrix.weight.subspan(i * matrix.num_inputs, matrix.num_inputs);
    PartialSums sums;
    for (const std::int64_t w : row) sums.add(w * matrix.x.highest, w * matrix.x.highest);
    const std::int64_t bias = matrix.bias.empty() ? 0 : matrix.bias[i];
    sums.add(bias, bias);
    if (!sums.fits_short()) return std::nullopt;
    packed.bias[i] = static_cast<std::int16_t>(bias);
    for (std::size_t j = 0; j < row.size(); j += 2) {
      const std::int64_t next = j + 1 < row.size() ? row[j + 1] : 0;
      if (row[j] == 0 && next == 0) continue;
      const auto pair = static_cast<std::uint32_t>((row[j] & 0xFF) | (next & 0xFF) << 8);
      packed.inputs.push_back(static_cast<std::uint16_t>(j / 2));
      packed.pairs.push_back(static_cast<std::int32_t>(pair | pair << 16));
    }
    packed.first.push_back(static_cast<std::uint32_t>(packed.inputs.size()));
  }
  packed.first.resize(listed + 1, packed.first.back());
  return packed;
}

std::size_t bytes_of(const DenseWeights& weights) {
  const std::size_t codebook =
      weights.codebook ? bytes(weights.codebook->values) + bytes(weights.codebook->words) : 0;
  return bytes(weights.groups) + codebook + bytes(weights.bias) + bytes(weights.offset_bias) +
         bytes(weights.inputs);
}

std::size_t bytes_of(const SparseWeights& weights) {
  return bytes(weights.first) + bytes(weights.inputs) + bytes(weights.groups) +
         bytes(weights.bias) + bytes(weights.offset_bias);
}

std::size_t bytes_of(const PairWeights& weights) {
  return bytes(weights.first) + bytes(weights.inputs) + bytes(weights.pairs) + bytes(weights.bias);
}

}  // namespace pare::engine
