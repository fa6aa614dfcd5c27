// A buffer's codes are compared step by step. Each step has a recorded hash, and in the samples of
// which all buffers are kept also the codes; both must agree with what the backend computed. The
// first difference is the one of the smallest Place.

#include "verify/compare.h"

#include <algorithm>
#include <compare>
#include <limits>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/error.h"
#include "model/golden.h"

namespace pare::verify {
namespace {

using model::num_steps;
using program::BufferId;
using program::Codes;
using program::Program;
using program::Section;
using program::SectionKind;
using CodeSpan = std::span<const std::int64_t>;

/// Which op writes a buffer.
struct Writer {
  std::size_t section = 0;  ///< 0: an input; from 1: a section
  std::size_t op = 0;       ///< states come after a section's ops
  bool is_backward = false;
  bool is_state = false;

  auto operator<=>(const Writer&) const = default;
};

/// When a code is computed, then of which sample.
struct Place {
  std::size_t section = 0;
  std::int64_t step = 0;  ///< in the order in which the section runs
  std::size_t op = 0;
  std::int64_t sample = 0;
  std::int64_t element = 0;

  auto operator<=>(const Place&) const = default;
};

std::vector<Writer> writers_of(const Program& program) {
  std::vector<Writer> writers(program.buffers.size());
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    writers[program.inputs[i].value] = {0, i};
  }
  for (std::size_t s = 0; s < program.sections.size(); ++s) {
    const Section& section = program.sections[s];
    const bool is_backward = section.kind == SectionKind::kBackward;
    std::size_t op = 0;
    for (const program::Node& node : section.nodes) {
      for (const BufferId id : node.outputs) writers[id.value] = {s + 1, op, is_backward};
      ++op;
    }
    for (const program::State& state : section.states) {
      writers[state.buffer.value] = {s + 1, op++, is_backward, true};
    }
  }
  return writers;
}

/// All buffers in the order in which they are written.
std::vector<BufferId> in_order(const std::vector<Writer>& writers) {
  std::vector<BufferId> ids(writers.size());
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = {static_cast<std::uint32_t>(i)};
  std::ranges::stable_sort(ids, {}, [&](BufferId id) { return writers[id.value]; });
  return ids;
}

class Comparison {
 public:
  Comparison(const model::Deployment& deployment, std::string backend)
      : deployment_(deployment),
        program_(deployment.program),
        golden_(deployment.golden),
        writers_(writers_of(program_)),
        report_{.backend = std::move(backend)} {}

  BackendReport run(const RunSample& run) {
    try {
      for (sample_ = 0; sample_ < golden_.num_samples; ++sample_) {
        inputs_ = inputs_of(program_, golden_, sample_);
        expected_.clear();
        compare_sample(run(inputs_));
      }
    } catch (const InputError& error) {
      report_.failure = fmt::format("sample {}: {}", sample_, error.what());
    } catch (const InternalError& error) {
      report_.failure = fmt::format("sample {}: {}", sample_, error.what());
    }
    for (const BufferId id : in_order(writers_)) {
      const auto row = rows_.find(id);
      if (row != rows_.end()) report_.rows.push_back(row->second);
    }
    return std::move(report_);
  }

 private:
  void compare_sample(const program::Outputs& outputs) {
    const std::vector<BufferId>& ids = program_.outputs;
    expect_number(outputs.outputs.size(), ids.size(), "outputs");
    for (std::size_t i = 0; i < ids.size(); ++i) {
      // A backend that shows all its buffers shows its outputs twice, and must do it equally.
      if (outputs.buffers.empty()) {
        compare_buffer(ids[i], outputs.outputs[i]);
      } else if (outputs.buffers.at(ids[i].value) != outputs.outputs[i]) {
        throw InternalError(
            fmt::format("output '{}' is not what its buffer holds", program_.buffer(ids[i]).name));
      }
    }
    if (!outputs.buffers.empty()) {
      expect_number(outputs.buffers.size(), program_.buffers.size(), "buffers");
      for (std::uint32_t i = 0; i < outputs.buffers.size(); ++i) {
        compare_buffer({i}, outputs.buffers[i]);
      }
    }
    if (!ids.empty()) compare_decisions(ids.front(), outputs.outputs.front());
  }

  static void expect_number(std::size_t found, std::size_t expected, std::string_view what) {
    if (found == expected) return;
    throw InternalError(fmt::format("{} {}, expected {}", found, what, expected));
  }

  void compare_buffer(BufferId id, CodeSpan got) {
    const program::Buffer& buffer = program_.buffer(id);
    const auto steps = static_cast<std::size_t>(num_steps(program_, golden_.trip_counts, id));
    const std::size_t size = size_of(program_, id);
    expect_number(got.size(), steps * size, fmt::format("codes of buffer '{}'", buffer.name));
    Row& row = rows_.try_emplace(id, Row{buffer.name}).first->second;
    row.codes += static_cast<std::int64_t>(got.size());
    for (std::size_t t = 0; t < steps; ++t) {
      row.different += compare_step(id, static_cast<std::int64_t>(t), got.subspan(t * size, size));
    }
  }

  /// How many codes differ at one step.
  std::int64_t compare_step(BufferId id, std::int64_t step, CodeSpan got) {
    const std::uint64_t expected_hash = hash_of(golden_, id, sample_, step);
    const std::uint64_t got_hash = model::hash_codes(got);
    if (got_hash == expected_hash && !has_codes(golden_, id, sample_)) return 0;
    const CodeSpan expected = expected_codes(id, step);
    std::int64_t different = 0;
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (got[i] == expected[i]) continue;
      if (different++ > 0) continue;
      const auto element = static_cast<std::int64_t>(i);
      note(id, {"", sample_, step, element, expected[i], got[i]});
    }
    // What is known of the expected codes is not what was hashed: the record contradicts itself.
    if (different == 0 && got_hash != expected_hash) {
      different = static_cast<std::int64_t>(got.size());
      note(id, {"", sample_, step, std::nullopt, static_cast<std::int64_t>(expected_hash),
                static_cast<std::int64_t>(got_hash)});
    }
    return different;
  }

  /// As recorded, or as the reference computes them.
  CodeSpan expected_codes(BufferId id, std::int64_t step) {
    auto [known, is_new] = expected_.try_emplace(id);
    if (is_new && has_codes(golden_, id, sample_)) {
      known->second = codes_of(golden_, id, sample_);
    } else if (is_new) {
      if (reference_sample_ != sample_) {
        reference_ = run_reference(program_, inputs_, {.keeps_buffers = true}).buffers;
        reference_sample_ = sample_;
      }
      known->second = reference_[id.value];
    }
    const std::size_t size = size_of(program_, id);
    return CodeSpan(known->second).subspan(static_cast<std::size_t>(step) * size, size);
  }

  void note(BufferId id, Difference difference) {
    const Writer& writer = writers_[id.value];
    std::int64_t step = difference.step;
    if (writer.is_backward) step = num_steps(program_, golden_.trip_counts, id) - 1 - step;
    if (writer.is_state) step = std::numeric_limits<std::int64_t>::max();  // its last value
    const Place place{writer.section, step, writer.op, sample_, difference.element.value_or(0)};
    if (report_.first && place >= first_place_) return;
    first_place_ = place;
    difference.buffer = program_.buffer(id).name;
    report_.first = std::move(difference);
  }

  void compare_decisions(BufferId id, const Codes& got) {
    const Codes expected = codes_of(golden_, id, sample_);
    const std::size_t size = size_of(program_, id);
    for (std::size_t first = 0; first < got.size(); first += size) {
      ++report_.decisions;
      report_.flips += decision(CodeSpan(got).subspan(first, size)) !=
                       decision(CodeSpan(expected).subspan(first, size));
    }
  }

  /// The index of the largest value, or the only code.
  std::int64_t decision(CodeSpan codes) const {
    if (codes.size() == 1) return codes.front();
    lower::Interface ends = deployment_.interface;
    ends.output_shape = {static_cast<std::int64_t>(codes.size())};
    ends.output.is_softmax = false;  // it keeps the order, but for rounding
    std::vector<double> values(codes.size());
    map_output(ends, codes, values);
    return std::max_element(values.begin(), values.end()) - values.begin();
  }

  const model::Deployment& deployment_;
  const Program& program_;
  const model::Golden& golden_;
  std::vector<Writer> writers_;
  BackendReport report_;
  std::map<BufferId, Row> rows_;
  Place first_place_;

  // Of the sample that is being compared.
  std::int64_t sample_ = 0;
  program::Inputs inputs_;
  std::map<BufferId, Codes> expected_;
  std::vector<Codes> reference_;
  std::int64_t reference_sample_ = -1;
};

}  // namespace

BackendReport compare(const model::Deployment& deployment, std::string backend,
                      const RunSample& run) {
  return Comparison(deployment, std::move(backend)).run(run);
}

}  // namespace pare::verify
