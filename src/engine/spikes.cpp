#include "engine/spikes.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace pare::engine {
namespace {

std::uint8_t* bits_of(std::byte* spikes) {
  return reinterpret_cast<std::uint8_t*>(spikes) + kSpikeHeader;
}

bool is_set(const std::uint8_t* bits, std::size_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; }
void set(std::uint8_t* bits, std::size_t i) {
  bits[i / 8] = static_cast<std::uint8_t>(bits[i / 8] | (1U << (i % 8)));
}

void clear(std::byte* spikes, std::size_t num_elements) {
  std::memset(spikes, 0, spike_bytes(num_elements));
}

/// Writes the number of spikes in front of them.
void count(std::byte* spikes, std::size_t num_elements) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < round_up(num_elements, kNeuronBlock); i += 64) {
    std::uint64_t word = 0;
    std::memcpy(&word, bits_of(spikes) + i / 8, sizeof(word));
    number += static_cast<std::uint64_t>(std::popcount(word));
  }
  std::memcpy(spikes, &number, sizeof(number));
}

void pack(const SpikeCall& call) {
  std::byte* to = call.y.at(call.t);
  clear(to, call.op.y.num_elements());
  with_type(call.x.element, [&](auto type) {
    const auto* from = reinterpret_cast<const decltype(type)*>(call.x.at(call.t));
    call.op.y.for_each([&](std::size_t flat, std::size_t at) {
      if (from[flat] != 0) set(bits_of(to), at);
    });
  });
  count(to, call.op.y.num_elements());
}

void unpack(const SpikeCall& call) {
  const std::uint8_t* from = bits_of(call.x.at(call.t));
  with_type(call.y.element, [&](auto type) {
    auto* to = reinterpret_cast<decltype(type)*>(call.y.at(call.t));
    call.op.x.for_each([&](std::size_t flat, std::size_t at) {
      to[flat] = static_cast<decltype(type)>(is_set(from, at) ? 1 : 0);
    });
  });
}

/// Where the elements of a grid's channels begin, by row-major position.
std::vector<std::size_t> places_of(Grid grid) {
  std::vector<std::size_t> places;
  const std::size_t channels = grid.num_channels;
  grid.num_channels = 1;
  grid.for_each([&](std::size_t, std::size_t at) { places.push_back(at * channels); });
  return places;
}

void pool(const SpikeCall& call, std::int64_t t) {
  const std::uint8_t* from = bits_of(call.x.at(t));
  std::byte* to = call.y.at(t);
  clear(to, call.op.y.num_elements());
  const SpikePlaces& places = *call.op.places;
  for (std::size_t o = 0; o < places.y.size(); ++o) {
    call.op.window.for_each_tap(o, [&](std::size_t at, std::size_t) {
      for (std::size_t c = 0; c < call.op.y.num_channels; ++c) {
        if (is_set(from, places.x[at] + c)) set(bits_of(to), places.y[o] + c);
      }
    });
  }
  count(to, call.op.y.num_elements());
}

template <class T>
std::size_t bytes(const AlignedVector<T>& list) {
  return list.size() * sizeof(T);
}

std::size_t bytes(const Epilogue& epilogue) {
  return bytes(epilogue.multiply_f) + bytes(epilogue.add_f) + bytes(epilogue.multiply_d) +
         bytes(epilogue.add_d);
}

std::size_t bytes(const SpikeSums& sums) {
  return bytes(sums.bytes) + bytes(sums.shorts) + bytes(sums.ints) + bytes(sums.tables.sums) +
         bytes(sums.short_bias) + bytes(sums.int_bias) +
         (sums.dense_kernel == nullptr ? 0 : bytes_of(*sums.dense.dense));
}

std::size_t bytes(const Neurons& neurons) {
  const auto* small = std::get_if<SmallLeak>(&neurons.leak);
  const auto* leak = std::get_if<Epilogue>(&neurons.leak);
  return (neurons.current ? bytes(*neurons.current) : 0) + (leak != nullptr ? bytes(*leak) : 0) +
         (small != nullptr ? bytes(small->factor) : 0) + bytes(neurons.silent) +
         bytes(neurons.drop);
}

}  // namespace

std::shared_ptr<const SpikePlaces> make_places(const Grid& x, const Grid& y) {
  return std::make_shared<const SpikePlaces>(SpikePlaces{places_of(x), places_of(y)});
}

void lay_out_spikes(const SpikeCall& call) noexcept {
  switch (call.op.kind) {
    case SpikeKind::kPack:
      return pack(call);
    case SpikeKind::kUnpack:
      return unpack(call);
    case SpikeKind::kPool:
      for (std::int64_t t = call.t; t < call.t + call.num_steps_here(); ++t) pool(call, t);
      return;
    case SpikeKind::kSums:
    case SpikeKind::kLayer:
    case SpikeKind::kNeurons:
      break;  // kernels' work
  }
}

SpikeRoom::SpikeRoom(const SpikeOp& op, std::byte* memory) {
  if (op.sums == nullptr) return;
  const SpikeSums& sums = *op.sums;
  std::size_t size = 0;
  const auto take = [&](std::size_t bytes) {
    std::byte* const at = memory == nullptr ? nullptr : memory + size;
    size += round_up(bytes, kAlignment);
    return at;
  };
  // Both are written in whole vectors.
  const std::size_t bits = sums.num_bits();
  spikes = reinterpret_cast<std::uint32_t*>(take((bits + 16) * sizeof(std::uint32_t)));
  before = reinterpret_cast<std::uint32_t*>(take((bits / 64 + 2) * sizeof(std::uint32_t)));
  total_bytes = round_up((current_size(sums.window.num_outputs() * sums.num_outputs) + sums.row) *
                             (sums.are_short() ? sizeof(std::int16_t) : sizeof(std::int32_t)),
                         kAlignment);
  totals = take(op.steps_at_once * total_bytes);
  if (sums.dense_kernel != nullptr) {
    inputs = reinterpret_cast<std::uint8_t*>(take(round_up(sums.num_inputs(), 8) + 16));
  }
  bytes = size;
}

std::size_t bytes_of(const SpikeOp& op) {
  return (op.sums == nullptr ? 0 : bytes(*op.sums)) +
         (op.neurons == nullptr ? 0 : bytes(*op.neurons));
}

}  // namespace pare::engine
