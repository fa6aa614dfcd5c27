// A batch is cut into chunks of a fixed size; threads take equal runs of them. A chunk's samples
// are the lanes of the batch plan; where only few are left, they run one by one.

#include "engine/session.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/error.h"
#include "engine/aligned.h"
#include "engine/arena.h"
#include "engine/frame.h"
#include "engine/thread_pool.h"

namespace pare::engine {
namespace {

/// Outputs of a chunk that memory is prepared for: what a first-level cache has room for.
constexpr std::size_t kMostPrepared = 2048;
/// An arena that the second level of a cache holds.
constexpr std::size_t kLargestArena = std::size_t{1} << 18;
constexpr std::size_t kMostThreads = 256;
/// Fewer samples than that run one by one.
constexpr std::size_t kFewSamples = 4;

using program::BufferId;

/// Codes of a buffer for all samples, int64.
template <class Codes>
std::span<Codes> of_sample(std::span<Codes> codes, std::size_t sample, std::size_t num_samples) {
  const std::size_t size = codes.size() / num_samples;
  return codes.subspan(sample * size, size);
}

/// Has memory on its way into the cache while something else is computed.
void prepare_to_write(std::span<std::int32_t> codes) {
  constexpr std::size_t kLine = 64 / sizeof(std::int32_t);
  for (std::size_t i = 0; i < std::min(codes.size(), kMostPrepared); i += kLine) {
    __builtin_prefetch(codes.data() + i, 1);
  }
}

}  // namespace

std::string_view describe(Status status) {
  switch (status) {
    case Status::kOk:
      return "fine";
    case Status::kWrongSize:
      return "inputs and outputs are not whole samples, or not equally many";
    case Status::kCodeOutOfRange:
      return "an input code lies outside its buffer's width";
    case Status::kWrongTripCount:
      return "a number of steps is negative or larger than the session allows";
    case Status::kNoInterface:
      break;
  }
  return "this program has no ends to run from raw numbers";
}

/// One thread's memory and the two plans on it.
struct Worker {
  AlignedVector<std::byte> arena;
  std::optional<Frame> one;
  std::optional<Frame> many;            ///< none where positions of an image are the lanes
  std::vector<std::int64_t> raw_codes;  ///< of one sample
};

/// What a run from raw numbers asks each time: one sample takes less time than finding it out.
struct RawRun {
  explicit RawRun(const Engine& engine) : kernels(kernels_of(engine.instruction_set())) {
    const program::Program& program = engine.program();
    if (!engine.interface()) return;
    const program::Interval codes = program.buffer(program.outputs[0]).width.range();
    is_possible = program::Width{32, true}.range().contains(codes);
    input_size = program::size_of(program, program.inputs[0]);
    output_size = program::size_of(program, program.outputs[0]);
  }

  /// So many whole samples, at most.
  std::size_t num_samples(std::size_t num_raw) const {
    return num_raw == input_size ? 1 : num_raw / input_size;
  }

  const Kernels& kernels;
  bool is_possible = false;
  std::size_t input_size = 1;
  std::size_t output_size = 1;
};

struct Session::State {
  explicit State(const Engine& of, const SessionOptions& options)
      : engine(of), raw_run(of), pool(options.num_threads) {}

  const Engine& engine;
  RawRun raw_run;
  std::vector<std::int64_t> max_trip_counts;
  std::vector<std::int64_t> own_trip_counts;  ///< of a run from raw numbers
  std::size_t stride = kLargestChunk;
  ArenaLayout one_layout;
  ArenaLayout many_layout;
  std::vector<Worker> workers;
  ThreadPool pool;

  const program::Program& program() const { return engine.program(); }

  std::size_t num_steps(BufferId id, std::span<const std::int64_t> trip_counts) const {
    const auto& each = program().buffer(id).each;
    return each ? static_cast<std::size_t>(trip_counts[each->value]) : 1;
  }

  bool fits(std::size_t size, BufferId id, std::size_t num_samples,
            std::span<const std::int64_t> trip_counts) const {
    return size == num_samples * num_steps(id, trip_counts) * program::size_of(program(), id);
  }

  void load(const Frame& frame, BufferId id, std::size_t s, std::span<const std::int64_t> codes,
            std::size_t steps) const {
    const View& view = frame.view(id);
    for (std::size_t t = 0; t < steps; ++t) {
      store_sample(view, static_cast<std::int64_t>(t), s, frame.stride(),
                   codes.data() + t * view.size);
    }
  }

  void unload(const Frame& frame, BufferId id, std::size_t s, std::span<std::int64_t> codes,
              std::size_t steps) const {
    const View& view = frame.view(id);
    for (std::size_t t = 0; t < steps; ++t) {
      load_sample(view, static_cast<std::int64_t>(t), s, frame.stride(),
                  codes.data() + t * view.size);
    }
  }

  /// Calls work(worker, frame, first sample, number of samples) for every chunk of a batch.
  template <class Work>
  void for_chunks(std::size_t num_samples, Work&& work) {
    if (num_samples < kFewSamples) {
      Worker& worker = workers[0];
      for (std::size_t s = 0; s < num_samples; ++s) work(worker, *worker.one, s, std::size_t{1});
      return;
    }
    struct Job {
      State& state;
      std::size_t num_samples;
      Work& work;
    } job{*this, num_samples, work};
    const auto run = [](void* context, std::size_t thread) noexcept {
      const Job& of = *static_cast<Job*>(context);
      const std::size_t stride = of.state.stride;
      const std::size_t num_chunks = round_up(of.num_samples, stride) / stride;
      const std::size_t num_threads = of.state.pool.num_threads();
      Worker& worker = of.state.workers[thread];
      const std::size_t end =
          std::min(of.num_samples, num_chunks * (thread + 1) / num_threads * stride);
      for (std::size_t s = num_chunks * thread / num_threads * stride; s < end; s += stride) {
        const std::size_t lanes = std::min(stride, end - s);
        if (lanes >= kFewSamples && worker.many) {
          of.work(worker, *worker.many, s, lanes);
        } else {
          for (std::size_t i = 0; i < lanes; ++i)
            of.work(worker, *worker.one, s + i, std::size_t{1});
        }
      }
    };
    pool.run(run, &job);
  }
};

Session::Session(const Engine& engine, const SessionOptions& options) {
  const program::Program& program = engine.program();
  if (options.num_threads < 1 || options.num_threads > kMostThreads) {
    throw InputError(fmt::format("{} threads, expected 1 … {}", options.num_threads, kMostThreads));
  }
  if (!options.max_trip_counts.empty() &&
      options.max_trip_counts.size() != program.trip_counts.size()) {
    throw InputError(fmt::format("{} largest trip counts, but program '{}' has {}",
                                 options.max_trip_counts.size(), program.name,
                                 program.trip_counts.size()));
  }
  for (const std::int64_t count : options.max_trip_counts) {
    if (count < 0) throw InputError(fmt::format("a largest trip count of {}", count));
  }
  state_ = std::make_unique<State>(engine, options);
  State& state = *state_;
  state.max_trip_counts = options.max_trip_counts;
  if (engine.interface()) state.own_trip_counts = trip_counts_of(*engine.interface());
  if (state.max_trip_counts.empty()) state.max_trip_counts = state.own_trip_counts;
  if (state.max_trip_counts.empty()) {
    state.max_trip_counts.assign(program.trip_counts.size(), kDefaultSteps);
  }
  const auto layout = [&](PlanKind kind, std::size_t stride) {
    return lay_out(program, engine.plan(kind), state.max_trip_counts, stride);
  };
  const bool has_batches = !engine.plan(PlanKind::kSample).is_for_one_sample();
  state.one_layout = layout(PlanKind::kSample, 1);
  if (has_batches) state.many_layout = layout(PlanKind::kBatch, state.stride);
  while (state.many_layout.size > kLargestArena && state.stride > kLaneStep) {
    state.stride /= 2;
    state.many_layout = layout(PlanKind::kBatch, state.stride);
  }
  state.workers.resize(options.num_threads);
  for (Worker& worker : state.workers) {
    worker.arena.resize(std::max(state.one_layout.size, state.many_layout.size) + kAlignment);
    worker.one.emplace(program, engine.plan(PlanKind::kSample), state.one_layout, 1, worker.arena);
    if (has_batches) {
      worker.many.emplace(program, engine.plan(PlanKind::kBatch), state.many_layout, state.stride,
                          worker.arena);
    }
    if (engine.interface()) {
      worker.raw_codes.resize(program::size_of(program, program.inputs[0]));
    }
  }
}

Session::~Session() = default;

Status Session::run(std::size_t num_samples, std::span<const std::span<const std::int64_t>> inputs,
                    std::span<const std::int64_t> trip_counts,
                    std::span<const std::span<std::int64_t>> outputs) noexcept {
  State& state = *state_;
  const program::Program& program = state.program();
  if (trip_counts.size() != state.max_trip_counts.size()) return Status::kWrongTripCount;
  for (std::size_t i = 0; i < trip_counts.size(); ++i) {
    if (trip_counts[i] < 0 || trip_counts[i] > state.max_trip_counts[i]) {
      return Status::kWrongTripCount;
    }
  }
  if (inputs.size() != program.inputs.size() || outputs.size() != program.outputs.size()) {
    return Status::kWrongSize;
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!state.fits(inputs[i].size(), program.inputs[i], num_samples, trip_counts)) {
      return Status::kWrongSize;
    }
    const program::Interval range = program.buffer(program.inputs[i]).width.range();
    for (const std::int64_t code : inputs[i]) {
      if (!range.contains(code)) return Status::kCodeOutOfRange;
    }
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!state.fits(outputs[i].size(), program.outputs[i], num_samples, trip_counts)) {
      return Status::kWrongSize;
    }
  }
  state.for_chunks(num_samples, [&](Worker&, const Frame& frame, std::size_t first,
                                    std::size_t lanes) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      for (std::size_t s = 0; s < lanes; ++s) {
        state.load(frame, program.inputs[i], s, of_sample(inputs[i], first + s, num_samples),
                   state.num_steps(program.inputs[i], trip_counts));
      }
    }
    frame.run(lanes, trip_counts);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      for (std::size_t s = 0; s < lanes; ++s) {
        state.unload(frame, program.outputs[i], s, of_sample(outputs[i], first + s, num_samples),
                     state.num_steps(program.outputs[i], trip_counts));
      }
    }
  });
  return Status::kOk;
}

Status Session::run(std::span<const float> raw, std::span<std::int32_t> codes) noexcept {
  return run_raw(raw, codes, nullptr);
}

Status Session::run_watched(std::span<const float> raw, std::span<std::int32_t> codes,
                            const StepObserver& observer) noexcept {
  const std::size_t size = program::size_of(state_->program(), state_->program().inputs[0]);
  if (raw.size() != size) return Status::kWrongSize;
  return run_raw(raw, codes, &observer);
}

Status Session::run_raw(std::span<const float> raw, std::span<std::int32_t> codes,
                        const StepObserver* observer) noexcept {
  State& state = *state_;
  const RawRun& raw_run = state.raw_run;
  const program::Program& program = state.program();
  if (!raw_run.is_possible) return Status::kNoInterface;
  for (std::size_t i = 0; i < state.own_trip_counts.size(); ++i) {
    if (state.own_trip_counts[i] > state.max_trip_counts[i]) return Status::kWrongTripCount;
  }
  const std::size_t input_size = raw_run.input_size;
  const std::size_t output_size = raw_run.output_size;
  const std::size_t num_samples = raw_run.num_samples(raw.size());
  if (raw.size() != num_samples * input_size || codes.size() != num_samples * output_size) {
    return Status::kWrongSize;
  }
  const std::optional<InputMapper>& mapper = state.engine.input_mapper();
  const BufferId input = program.inputs[0];
  const BufferId output = program.outputs[0];
  state.for_chunks(
      num_samples, [&](Worker& worker, const Frame& frame, std::size_t first, std::size_t lanes) {
        const View& x = frame.view(input);
        const std::span<const float> from = raw.subspan(first * input_size, lanes * input_size);
        prepare_to_write(codes.subspan(first * output_size, lanes * output_size));
        if (mapper && x.element != Element::kI64) {
          raw_run.kernels.map_input({*mapper, from.data(), x, {lanes, frame.stride()}});
        } else {
          for (std::size_t s = 0; s < lanes; ++s) {
            lower::map_input(*state.engine.interface(), from.subspan(s * input_size, input_size),
                             worker.raw_codes);
            store_sample(x, 0, s, frame.stride(), worker.raw_codes.data());
          }
        }
        frame.run(lanes, state.own_trip_counts, observer);
        raw_run.kernels.unload(
            {frame.view(output), {lanes, frame.stride()}, codes.data() + first * output_size});
      });
  return Status::kOk;
}

Memory Session::memory() const {
  return {.weights = state_->engine.weight_bytes(),
          .arena = state_->workers[0].arena.size(),
          .activations = std::max(state_->one_layout.peak, state_->many_layout.peak)};
}

std::size_t Session::chunk() const { return state_->stride; }

}  // namespace pare::engine
