#include "model/golden.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"

namespace pare::model {
namespace {

using program::Buffer;
using program::BufferId;
using program::Codes;
using program::Program;

/// Calls f with a zero of the integer type that a dtype names.
template <class F>
auto with_integer(DType dtype, F&& f) {
  switch (dtype) {
    case DType::kU8:
      return f(std::uint8_t{});
    case DType::kI8:
      return f(std::int8_t{});
    case DType::kU16:
      return f(std::uint16_t{});
    case DType::kI16:
      return f(std::int16_t{});
    case DType::kU32:
      return f(std::uint32_t{});
    case DType::kI32:
      return f(std::int32_t{});
    case DType::kU64:
      return f(std::uint64_t{});
    case DType::kI64:
      return f(std::int64_t{});
    default:
      throw_internal("codes that are no integers", __FILE__, __LINE__);
  }
}

std::int64_t to_signed(std::size_t x) { return static_cast<std::int64_t>(x); }

BufferId id_of(std::size_t i) { return {static_cast<std::uint32_t>(i)}; }

bool is_end(const Program& program, BufferId id) {
  const auto has = [&](const std::vector<BufferId>& ids) {
    return std::ranges::find(ids, id) != ids.end();
  };
  return has(program.inputs) || has(program.outputs);
}

Shape codes_shape(const Program& program, const Golden& golden, BufferId id) {
  const Buffer& buffer = program.buffer(id);
  Shape shape = {is_end(program, id) ? golden.num_samples : golden.num_kept};
  if (buffer.each) shape.push_back(num_steps(program, golden.trip_counts, id));
  shape.insert(shape.end(), buffer.shape.begin(), buffer.shape.end());
  return shape;
}

/// How many samples are recorded, and of how many of them all buffers, given one sample's.
void choose_sizes(const Program& program, const std::vector<Codes>& buffers,
                  std::size_t num_samples, Golden& golden) {
  std::int64_t end_bytes = 0;
  std::int64_t inner_bytes = 0;
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const DType dtype = storage_dtype(program.buffers[i].width);
    (is_end(program, id_of(i)) ? end_bytes : inner_bytes) +=
        to_signed(buffers[i].size() * size_of(dtype));
  }
  const std::int64_t most = std::min(kMaxGoldenSamples, to_signed(num_samples));
  const std::int64_t fitting = kMaxGoldenBytes / std::max<std::int64_t>(1, end_bytes);
  golden.num_samples = std::min(most, std::max<std::int64_t>(1, fitting));
  const std::int64_t left =
      std::max<std::int64_t>(0, kMaxGoldenBytes - golden.num_samples * end_bytes);
  golden.num_kept =
      inner_bytes == 0 ? golden.num_samples : std::min(golden.num_samples, left / inner_bytes);
}

void make_tensors(const Program& program, Golden& golden) {
  for (std::size_t i = 0; i < program.buffers.size(); ++i) {
    const BufferId id = id_of(i);
    golden.codes.emplace_back(storage_dtype(program.buffers[i].width),
                              codes_shape(program, golden, id));
    golden.hashes.emplace_back(
        DType::kU64, Shape{golden.num_samples, num_steps(program, golden.trip_counts, id)});
  }
}

void record(const std::vector<Codes>& buffers, std::int64_t sample, Golden& golden) {
  for (std::size_t i = 0; i < buffers.size(); ++i) {
    const std::span<const std::int64_t> codes = buffers[i];
    Tensor& hashes = golden.hashes[i];
    const auto steps = static_cast<std::size_t>(hashes.dim(1));
    const std::size_t first_hash = static_cast<std::size_t>(sample) * steps;
    for (std::size_t t = 0; t < steps; ++t) {
      const std::size_t size = codes.size() / steps;
      hashes.as<std::uint64_t>()[first_hash + t] = hash_codes(codes.subspan(t * size, size));
    }
    if (!has_codes(golden, id_of(i), sample)) continue;
    with_integer(golden.codes[i].dtype(), [&]<class T>(T) {
      const auto all = golden.codes[i].as<T>();
      const auto out = all.subspan(static_cast<std::size_t>(sample) * codes.size(), codes.size());
      std::ranges::transform(codes, out.begin(), [](std::int64_t x) { return static_cast<T>(x); });
    });
  }
}

[[noreturn]] void fail(const std::string& message) {
  throw InputError(fmt::format("golden vectors: {}", message));
}

void check_tensor(const Tensor& tensor, DType dtype, const Shape& shape, std::string_view what,
                  const std::string& buffer) {
  if (tensor.dtype() == dtype && tensor.shape() == shape) return;
  fail(fmt::format("{} of buffer '{}' are {} {}, expected {} {}", what, buffer,
                   name_of(tensor.dtype()), to_string(tensor.shape()), name_of(dtype),
                   to_string(shape)));
}

void check_codes(const Tensor& codes, const Buffer& buffer) {
  const program::Interval range = buffer.width.range();
  with_integer(codes.dtype(), [&]<class T>(T) {
    const std::span<const T> all = codes.as<T>();
    if (all.empty()) return;
    const auto [lowest, highest] = std::ranges::minmax(all);
    // The dtype is the narrowest for the width, so both ends are of the type.
    if (lowest >= static_cast<T>(range.lowest) && highest <= static_cast<T>(range.highest)) return;
    fail(fmt::format("buffer '{}' has codes from {} to {}, expected {} ({})", buffer.name, lowest,
                     highest, to_string(range), to_string(buffer.width)));
  });
}

void check_counts(const Program& program, const Golden& golden) {
  if (golden.num_samples < 1 || golden.num_samples > kMaxGoldenSamples) {
    fail(fmt::format("{} samples, expected 1 … {}", golden.num_samples, kMaxGoldenSamples));
  }
  if (golden.num_kept < 0 || golden.num_kept > golden.num_samples) {
    fail(fmt::format("all buffers kept of {} samples, expected 0 … {}", golden.num_kept,
                     golden.num_samples));
  }
  if (golden.trip_counts.size() != program.trip_counts.size()) {
    fail(fmt::format("{} trip counts, expected {}", golden.trip_counts.size(),
                     program.trip_counts.size()));
  }
  for (const std::int64_t count : golden.trip_counts) {
    if (count < 0 || count > program::kMaxRunElements) {
      fail(fmt::format("a trip count of {}, expected 0 … {}", count, program::kMaxRunElements));
    }
  }
  const std::size_t num_buffers = program.buffers.size();
  if (golden.codes.size() != num_buffers || golden.hashes.size() != num_buffers) {
    fail(fmt::format("codes of {} buffers and hashes of {}, expected {}", golden.codes.size(),
                     golden.hashes.size(), num_buffers));
  }
}

}  // namespace

DType storage_dtype(program::Width width) {
  constexpr std::array<std::pair<int, std::pair<DType, DType>>, 4> kTypes = {
      {{8, {DType::kU8, DType::kI8}},
       {16, {DType::kU16, DType::kI16}},
       {32, {DType::kU32, DType::kI32}},
       {64, {DType::kU64, DType::kI64}}}};
  for (const auto& [bits, dtypes] : kTypes) {
    if (width.bits <= bits) return width.is_signed ? dtypes.second : dtypes.first;
  }
  throw_internal("a width of more than 64 bits", __FILE__, __LINE__);
}

std::uint64_t hash_codes(std::span<const std::int64_t> codes) {
  std::uint64_t h = codes.size();
  for (const std::int64_t code : codes) {
    h ^= static_cast<std::uint64_t>(code);
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9U;
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebU;
    h ^= h >> 31;
  }
  return h;
}

std::int64_t num_steps(const Program& program, std::span<const std::int64_t> trip_counts,
                       BufferId id) {
  const Buffer& buffer = program.buffer(id);
  return buffer.each ? trip_counts[buffer.each->value] : 1;
}

Golden make_golden(const Program& program, std::span<const program::Inputs> samples) {
  if (samples.empty()) fail("no samples to record; expected at least 1");
  Golden golden{.num_samples = 1, .trip_counts = samples.front().trip_counts};
  for (std::int64_t i = 0; i < golden.num_samples; ++i) {
    const program::Inputs& sample = samples[static_cast<std::size_t>(i)];
    if (sample.trip_counts != golden.trip_counts) {
      fail(fmt::format("sample {} has other trip counts than sample 0; all must have the same", i));
    }
    const auto outputs = run_reference(program, sample, {.traps = true, .keeps_buffers = true});
    if (i == 0) {
      choose_sizes(program, outputs.buffers, samples.size(), golden);
      make_tensors(program, golden);
    }
    record(outputs.buffers, i, golden);
  }
  return golden;
}

bool has_codes(const Golden& golden, BufferId id, std::int64_t sample) {
  return sample < golden.codes.at(id.value).dim(0);
}

Codes codes_of(const Golden& golden, BufferId id, std::int64_t sample) {
  const Tensor& codes = golden.codes.at(id.value);
  check(has_codes(golden, id, sample), "codes of a sample that are not kept");
  return with_integer(codes.dtype(), [&]<class T>(T) {
    const std::size_t size = codes.size() / static_cast<std::size_t>(codes.dim(0));
    const auto one = codes.as<T>().subspan(static_cast<std::size_t>(sample) * size, size);
    Codes result(size);
    std::ranges::transform(one, result.begin(), [](T x) { return static_cast<std::int64_t>(x); });
    return result;
  });
}

std::uint64_t hash_of(const Golden& golden, BufferId id, std::int64_t sample, std::int64_t step) {
  const Tensor& hashes = golden.hashes.at(id.value);
  check(sample < hashes.dim(0) && step < hashes.dim(1), "a hash out of range");
  return hashes.as<std::uint64_t>()[static_cast<std::size_t>(sample * hashes.dim(1) + step)];
}

program::Inputs inputs_of(const Program& program, const Golden& golden, std::int64_t sample) {
  program::Inputs inputs{.buffers = {}, .trip_counts = golden.trip_counts};
  for (const BufferId id : program.inputs) inputs.buffers.push_back(codes_of(golden, id, sample));
  return inputs;
}

void check_golden(const Program& program, const Golden& golden) {
  check_counts(program, golden);
  for (std::size_t i = 0; i < program.buffers.size(); ++i) {
    const Buffer& buffer = program.buffers[i];
    check_tensor(golden.codes[i], storage_dtype(buffer.width),
                 codes_shape(program, golden, id_of(i)), "codes", buffer.name);
    check_tensor(golden.hashes[i], DType::kU64,
                 {golden.num_samples, num_steps(program, golden.trip_counts, id_of(i))}, "hashes",
                 buffer.name);
    check_codes(golden.codes[i], buffer);
  }
}

}  // namespace pare::model
