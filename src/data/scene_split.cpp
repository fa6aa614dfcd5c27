#include "data/scene_split.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include "base/error.h"
#include "base/philox.h"
#include "data/scene.h"
#include "data/split.h"

namespace pare::data {
namespace {

constexpr std::uint32_t kSpatialStep = 5;  // those before are split.cpp's
constexpr int kMaxAttempts = 16;

enum Part : std::size_t { kTrain, kValidation, kTest, kNumParts };

/// The labelled pixels and their labels.
struct Labelled {
  std::vector<std::int64_t> pixels;
  std::vector<std::int64_t> labels;
};

Labelled labelled_pixels(const Tensor& labels) {
  Labelled result;
  const auto all = labels.as<std::int64_t>();
  for (std::size_t pixel = 0; pixel < all.size(); ++pixel) {
    if (all[pixel] == kUnlabelled) continue;
    result.pixels.push_back(static_cast<std::int64_t>(pixel));
    result.labels.push_back(all[pixel]);
  }
  return result;
}

std::vector<std::int64_t> picked(const std::vector<std::int64_t>& from,
                                 const std::vector<std::int64_t>& places) {
  std::vector<std::int64_t> result;
  result.reserve(places.size());
  for (const std::int64_t place : places) result.push_back(from[static_cast<std::size_t>(place)]);
  return result;
}

/// How many marked cells a window of a grid has, without looking at each.
class WindowCounts {
 public:
  WindowCounts(std::int64_t rows, std::int64_t columns)
      : rows_(rows),
        columns_(columns),
        sums_(static_cast<std::size_t>((rows + 1) * (columns + 1))) {}

  void mark(std::int64_t row, std::int64_t column) { at(row + 1, column + 1) = 1; }

  /// Marks become sums over all cells above and to the left. Once, after the last mark.
  void sum() {
    for (std::int64_t row = 1; row <= rows_; ++row) {
      for (std::int64_t column = 1; column <= columns_; ++column) {
        at(row, column) += at(row - 1, column) + at(row, column - 1) - at(row - 1, column - 1);
      }
    }
  }

  /// Whether a marked cell is at most `radius` rows and columns away.
  bool has_any(std::int64_t row, std::int64_t column, std::int64_t radius) const {
    const std::int64_t top = std::max<std::int64_t>(row - radius, 0);
    const std::int64_t left = std::max<std::int64_t>(column - radius, 0);
    const std::int64_t bottom = std::min(row + radius + 1, rows_);
    const std::int64_t right = std::min(column + radius + 1, columns_);
    return at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left) > 0;
  }

 private:
  std::int64_t& at(std::int64_t row, std::int64_t column) {
    return sums_[static_cast<std::size_t>(row * (columns_ + 1) + column)];
  }
  std::int64_t at(std::int64_t row, std::int64_t column) const {
    return sums_[static_cast<std::size_t>(row * (columns_ + 1) + column)];
  }

  std::int64_t rows_;
  std::int64_t columns_;
  std::vector<std::int64_t> sums_;
};

/// Splits one scene by blocks; each attempt takes the blocks in another order.
class BlockSplitter {
 public:
  BlockSplitter(const Tensor& labels, const SceneShares& shares, const SceneBlocks& blocks)
      : rows_(labels.dim(0)),
        columns_(labels.dim(1)),
        labelled_(labelled_pixels(labels)),
        size_(std::min(blocks.block, std::max(rows_, columns_))),
        patch_(std::min(blocks.patch, 2 * std::max(rows_, columns_) + 1)),
        blocks_across_((columns_ + size_ - 1) / size_),
        shares_{shares.train * (1 - shares.validation), shares.train * shares.validation,
                1 - shares.train} {
    const auto& all = labelled_.labels;
    const std::int64_t last = all.empty() ? -1 : *std::max_element(all.begin(), all.end());
    classes_ = static_cast<std::size_t>(last + 1);
    const std::int64_t num_blocks = (rows_ + size_ - 1) / size_ * blocks_across_;
    counts_.assign(static_cast<std::size_t>(num_blocks), std::vector<std::int64_t>(classes_));
    for (std::size_t i = 0; i < all.size(); ++i) {
      ++counts_[block_of(labelled_.pixels[i])][static_cast<std::size_t>(all[i])];
    }
  }

  /// The best of some attempts: least classes missing in the training or test part, then in the
  /// validation part; the first of equals.
  SceneSplit split(std::uint64_t seed) const {
    SceneSplit best;
    std::optional<std::pair<std::int64_t, std::int64_t>> best_missing;
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      const Philox random(seed, RandomStream::kSplit, static_cast<std::uint32_t>(attempt),
                          kSpatialStep);
      const auto order = random.permutation(static_cast<std::int64_t>(counts_.size()));
      SceneSplit found = guarded(assigned(order));
      const std::pair missing{num_missing(found.train) + num_missing(found.test),
                              num_missing(found.validation)};
      if (best_missing && *best_missing <= missing) continue;
      best = std::move(found);
      best_missing = missing;
      if (missing == std::pair<std::int64_t, std::int64_t>{}) break;
    }
    return best;
  }

 private:
  using PartOfBlock = std::vector<Part>;

  std::size_t block_of(std::int64_t pixel) const {
    return static_cast<std::size_t>(pixel / columns_ / size_ * blocks_across_ +
                                    pixel % columns_ / size_);
  }

  std::vector<std::int64_t> totals() const {
    std::vector<std::int64_t> sums(classes_);
    for (const auto& block : counts_) {
      for (std::size_t c = 0; c < classes_; ++c) sums[c] += block[c];
    }
    return sums;
  }

  /// What is still to be done while blocks are given away.
  struct State {
    std::vector<bool> is_open;                        ///< by block
    std::vector<std::vector<std::size_t>> queues;     ///< by class: its blocks, the next one last
    std::vector<std::int64_t> open_blocks;            ///< by class
    std::array<std::vector<double>, kNumParts> lack;  ///< by class: pixels that a part still wants
    std::array<std::vector<std::int64_t>, kNumParts> has;  ///< by class: pixels that it got
  };

  State initial_state(const std::vector<std::int64_t>& order) const {
    State state;
    state.is_open.assign(counts_.size(), true);
    state.queues.resize(classes_);
    state.open_blocks.assign(classes_, 0);
    for (const std::int64_t number : order) {
      const auto block = static_cast<std::size_t>(number);
      for (std::size_t c = 0; c < classes_; ++c) {
        if (counts_[block][c] == 0) continue;
        state.queues[c].push_back(block);
        ++state.open_blocks[c];
      }
    }
    const std::vector<std::int64_t> all = totals();
    for (std::size_t part = 0; part < kNumParts; ++part) {
      state.has[part].assign(classes_, 0);
      for (const std::int64_t count : all) {
        state.lack[part].push_back(shares_[part] * static_cast<double>(count));
      }
    }
    return state;
  }

  /// The part that a block of class `c` goes to.
  static Part part_for(std::size_t c, const State& state) {
    const auto wants_more = [&](Part a, Part b) { return state.lack[a][c] < state.lack[b][c]; };
    std::vector<Part> without;
    for (const Part part : {kTrain, kTest}) {
      if (state.has[part][c] == 0) without.push_back(part);
    }
    const bool are_last = state.open_blocks[c] <= static_cast<std::int64_t>(without.size());
    if (are_last) return *std::max_element(without.begin(), without.end(), wants_more);
    constexpr std::array kAll{kTrain, kValidation, kTest};
    return *std::max_element(kAll.begin(), kAll.end(), wants_more);
  }

  /// The class with pixels in the fewest blocks that are still open; nothing where none is.
  std::optional<std::size_t> rarest(const State& state) const {
    std::optional<std::size_t> result;
    for (std::size_t c = 0; c < classes_; ++c) {
      const std::int64_t open = state.open_blocks[c];
      if (open > 0 && (!result || open < state.open_blocks[*result])) result = c;
    }
    return result;
  }

  /// A part for each block. Those without labelled pixels are in the test part.
  PartOfBlock assigned(const std::vector<std::int64_t>& order) const {
    State state = initial_state(order);
    PartOfBlock parts(counts_.size(), kTest);
    while (const auto c = rarest(state)) {
      std::vector<std::size_t>& queue = state.queues[*c];
      while (!state.is_open[queue.back()]) queue.pop_back();
      const std::size_t block = queue.back();
      const Part part = part_for(*c, state);
      parts[block] = part;
      state.is_open[block] = false;
      for (std::size_t k = 0; k < classes_; ++k) {
        state.open_blocks[k] -= counts_[block][k] > 0 ? 1 : 0;
        state.has[part][k] += counts_[block][k];
        state.lack[part][k] -= static_cast<double>(counts_[block][k]);
      }
    }
    return parts;
  }

  /// Cells of each part's blocks, or its labelled pixels alone.
  std::vector<WindowCounts> cells_of_parts(const PartOfBlock& parts) const {
    std::vector<WindowCounts> cells(kNumParts, WindowCounts(rows_, columns_));
    for (std::int64_t pixel = 0; pixel < rows_ * columns_; ++pixel) {
      cells[parts[block_of(pixel)]].mark(pixel / columns_, pixel % columns_);
    }
    for (WindowCounts& one : cells) one.sum();
    return cells;
  }
  std::vector<WindowCounts> pixels_of_parts(const PartOfBlock& parts) const {
    std::vector<WindowCounts> cells(kNumParts, WindowCounts(rows_, columns_));
    for (const std::int64_t pixel : labelled_.pixels) {
      cells[parts[block_of(pixel)]].mark(pixel / columns_, pixel % columns_);
    }
    for (WindowCounts& one : cells) one.sum();
    return cells;
  }

  /// The parts' pixels without those whose patches might reach into patches of another part. Two
  /// pixels of different parts that are less than a patch apart cannot both be farther than half a
  /// patch from the other's blocks: on the way from one to the other each step is in some block.
  SceneSplit guarded(const PartOfBlock& parts) const {
    const std::vector<WindowCounts> cells = cells_of_parts(parts);
    const std::vector<WindowCounts> pixels = pixels_of_parts(parts);
    SceneSplit result;
    for (const std::int64_t pixel : labelled_.pixels) {
      const Part own = parts[block_of(pixel)];
      const std::int64_t row = pixel / columns_;
      const std::int64_t column = pixel % columns_;
      bool is_near_cell = false;
      bool is_near_pixel = false;
      for (std::size_t other = 0; other < kNumParts; ++other) {
        if (other == own) continue;
        is_near_cell = is_near_cell || cells[other].has_any(row, column, patch_ / 2);
        is_near_pixel = is_near_pixel || pixels[other].has_any(row, column, patch_ - 1);
      }
      if (is_near_cell && is_near_pixel) {
        ++result.num_guard;
      } else {
        (own == kTrain  ? result.train
         : own == kTest ? result.test
                        : result.validation)
            .push_back(pixel);
      }
    }
    return result;
  }

  /// Classes without a pixel in this part.
  std::int64_t num_missing(const std::vector<std::int64_t>& part) const {
    std::vector<bool> is_there(classes_);
    for (const std::int64_t pixel : part) {
      const auto place = std::lower_bound(labelled_.pixels.begin(), labelled_.pixels.end(), pixel) -
                         labelled_.pixels.begin();
      is_there[static_cast<std::size_t>(labelled_.labels[static_cast<std::size_t>(place)])] = true;
    }
    return std::count(is_there.begin(), is_there.end(), false);
  }

  std::int64_t rows_;
  std::int64_t columns_;
  Labelled labelled_;
  std::int64_t size_;
  std::int64_t patch_;
  std::int64_t blocks_across_;
  std::array<double, kNumParts> shares_;
  std::size_t classes_ = 0;
  std::vector<std::vector<std::int64_t>> counts_;  ///< [block][class]
};

}  // namespace

SceneSplit split_scene_at_random(const Tensor& labels, const SceneShares& shares,
                                 std::uint64_t seed) {
  const Labelled all = labelled_pixels(labels);
  const RowSplit outer = split_training_fraction(all.labels, shares.train, seed);
  const RowSplit inner = split_stratified(picked(all.labels, outer.train), shares.validation, seed);
  const std::vector<std::int64_t> training = picked(all.pixels, outer.train);
  return {.train = picked(training, inner.train),
          .validation = picked(training, inner.validation),
          .test = picked(all.pixels, outer.validation)};
}

SceneSplit split_scene_by_blocks(const Tensor& labels, const SceneShares& shares,
                                 const SceneBlocks& blocks, std::uint64_t seed) {
  check(blocks.block >= 1 && blocks.patch >= 1 && blocks.patch % 2 == 1,
        "split_scene_by_blocks: block or patch");
  return BlockSplitter(labels, shares, blocks).split(seed);
}

}  // namespace pare::data
