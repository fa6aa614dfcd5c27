#include "base/philox.h"

#include <cmath>
#include <numbers>
#include <numeric>

namespace pare {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53;
constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{kMultiplier0} * counter[0];
    const std::uint64_t p1 = std::uint64_t{kMultiplier1} * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

Philox::Philox(std::uint64_t seed, RandomStream stream, std::uint32_t epoch, std::uint32_t step)
    : epoch_(epoch), step_(step) {
  // The stream is mixed into the key through Philox itself, which keeps the whole counter free for
  // (index, epoch, step).
  const auto mixed =
      philox4x32({static_cast<std::uint32_t>(stream), 0, 0, 0},
                 {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  key_ = {mixed[0], mixed[1]};
}

std::array<std::uint32_t, 4> Philox::block(std::uint64_t number) const {
  return philox4x32(
      {static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32), epoch_, step_},
      key_);
}

std::uint32_t Philox::bits(std::uint64_t index) const { return block(index / 4)[index % 4]; }

double Philox::uniform(std::uint64_t index) const { return bits(index) * 0x1p-32; }

double Philox::normal(std::uint64_t index) const {
  const auto random = block(index);
  // (0, 1], so that the logarithm is finite.
  const double u = (random[0] + 1.0) * 0x1p-32;
  const double angle = 2 * std::numbers::pi * (random[1] * 0x1p-32);
  return std::sqrt(-2 * std::log(u)) * std::cos(angle);
}

std::uint64_t Philox::below(std::uint64_t index, std::uint64_t n) const {
  const auto random = block(index);
  const std::uint64_t wide = (std::uint64_t{random[1]} << 32) | random[0];
  __extension__ using uint128 = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<uint128>(wide) * n) >> 64);
}

std::vector<std::int64_t> Philox::permutation(std::int64_t n) const {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[below(i, i)]);
  }
  return order;
}

}  // namespace pare
