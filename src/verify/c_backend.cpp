// No name from the model reaches a command: files and symbols are called kName, and processes are
// started from lists of arguments, without a shell.

#include "verify/c_backend.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/temporary_folder.h"
#include "verify/c_driver.h"
#include "verify/compare.h"

namespace pare::verify {
namespace {

using emit::c::Style;
using model::num_steps;
using program::Codes;

constexpr const char* kName = "verified";
constexpr std::size_t kMostErrorText = 1000;

/// Bytes of straight-line source above which it is compiled without optimisation: functions of
/// 100 000 terms take optimisers minutes.
constexpr std::size_t kLargeSource = 100'000;

void run_process(const TemporaryFolder& folder, std::vector<std::string> arguments,
                 std::string_view what) {
  Process process({.arguments = std::move(arguments),
                   .environment = {},
                   .output = folder / "stdout",
                   .errors = folder / "stderr"});
  const ProcessEnd end = process.wait();
  if (end.is_success()) return;
  throw InternalError(
      fmt::format("{}: {}\n{}", what, describe(end), tail_of(folder / "stderr", kMostErrorText)));
}

/// Why it cannot be compiled here, which is no fault of the program's; empty if it was.
std::string compile(const TemporaryFolder& folder, const std::string& compiler,
                    const emit::c::Files& files, Style style) {
  const bool is_long = style == Style::kUnrolled && files.source.text.size() > kLargeSource;
  const char* optimisation = is_long ? "-O0" : style == Style::kTable ? "-O2" : "-O1";
  std::vector<std::string> arguments = {compiler,
                                        "-std=c99",
                                        optimisation,
                                        "-o",
                                        folder / "driver",
                                        folder / "driver.c",
                                        folder / files.source.name};
  try {
    run_process(folder, std::move(arguments), "compiling the emitted C");
  } catch (const InputError& error) {
    return fmt::format("no C compiler here ({}); set CC to one", error.what());
  }
  return {};
}

Codes read_codes(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  Codes codes(bytes.size() / sizeof(std::int64_t));
  std::memcpy(codes.data(), bytes.data(), codes.size() * sizeof(std::int64_t));
  return codes;
}

class CBackend {
 public:
  CBackend(const model::Deployment& deployment, std::string compiler, const EmitC& emit)
      : deployment_(deployment),
        program_(deployment.program),
        compiler_(std::move(compiler)),
        emit_(emit) {}

  BackendReport verify(Style style) {
    const std::string name = style == Style::kTable ? "C table" : "C unrolled";
    try {
      results_ = run_all(style);
    } catch (const InputError& error) {
      return {.backend = name, .failure = error.what()};
    } catch (const InternalError& error) {
      return {.backend = name, .failure = error.what()};
    }
    if (!skipped_.empty()) return {.backend = name, .skipped = skipped_};
    next_ = 0;
    return compare(deployment_, name, [&](const program::Inputs&) { return take_outputs(); });
  }

 private:
  /// None: too large to unroll.
  std::optional<emit::c::Files> emit_files(Style style) {
    emit::c::Options options{.name = kName, .style = style, .max_trip_count = 1};
    for (const std::int64_t count : deployment_.golden.trip_counts) {
      options.max_trip_count = std::max(options.max_trip_count, count);
    }
    try {
      return emit_(program_, options);
    } catch (const InputError& error) {
      if (style == Style::kTable) throw;
      skipped_ = error.what();
      return std::nullopt;
    }
  }

  /// The outputs' codes, one sample after the other; none if skipped_ says why.
  Codes run_all(Style style) {
    skipped_.clear();
    const auto files = emit_files(style);
    if (!files) return {};
    const TemporaryFolder folder;
    write_file_atomic(folder / files->header.name, files->header.text);
    write_file_atomic(folder / files->source.name, files->source.text);
    write_file_atomic(folder / "driver.c",
                      c_driver(program_, deployment_.golden, kName, files->header.name));
    skipped_ = compile(folder, compiler_, *files, style);
    if (!skipped_.empty()) return {};
    Codes inputs;
    for (std::int64_t i = 0; i < deployment_.golden.num_samples; ++i) {
      for (const Codes& codes : inputs_of(program_, deployment_.golden, i).buffers) {
        inputs.insert(inputs.end(), codes.begin(), codes.end());
      }
    }
    write_file_atomic(folder / "inputs", std::as_bytes(std::span(inputs)));
    run_process(folder, {folder / "driver", folder / "inputs", folder / "outputs"},
                "running the emitted C");
    return read_codes(folder / "outputs");
  }

  program::Outputs take_outputs() {
    program::Outputs outputs;
    for (const program::BufferId id : program_.outputs) {
      const std::int64_t steps = num_steps(program_, deployment_.golden.trip_counts, id);
      const std::size_t size = static_cast<std::size_t>(steps) * size_of(program_, id);
      const auto from = std::span(results_).subspan(std::min(next_, results_.size()));
      const auto codes = from.first(std::min(size, from.size()));
      outputs.outputs.emplace_back(codes.begin(), codes.end());
      next_ += size;
    }
    return outputs;
  }

  const model::Deployment& deployment_;
  const program::Program& program_;
  std::string compiler_;
  const EmitC& emit_;
  std::string skipped_;  ///< why it did not run
  Codes results_;
  std::size_t next_ = 0;  ///< index of the next sample's outputs in results_
};

}  // namespace

BackendReport verify_c(const model::Deployment& deployment, Style style,
                       const std::string& compiler, const EmitC& emit) {
  return CBackend(deployment, compiler, emit).verify(style);
}

BackendReport verify_c(const model::Deployment& deployment, Style style,
                       const std::string& compiler) {
  return verify_c(deployment, style, compiler,
                  [](const program::Program& program, const emit::c::Options& options) {
                    return emit::c::emit(program, nullptr, {}, options);
                  });
}

}  // namespace pare::verify
