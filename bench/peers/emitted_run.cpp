#include "emitted_run.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "emit/c/c_type.h"

namespace pare::bench {
namespace {

/// A function that calls the emitted one as a caller in another file does.
std::string caller(const Deployed& deployed) {
  const auto type = [&](program::BufferId id) {
    return emit::c::to_string(emit::c::storage_type(deployed.program.buffer(id).width));
  };
  return fmt::format(
      "#include \"net.h\"\n"
      "void bench_run(const float *sample, int32_t *codes, long calls);\n"
      "void bench_run(const float *sample, int32_t *codes, long calls) {{\n"
      "  static struct net_memory memory;\n"
      "  {} in[{}];\n"
      "  {} out[{}];\n"
      "  for (long i = 0; i < calls; ++i) {{\n"
      "    net_map_input_f32(sample, in);\n"
      "    net_run(&memory, in, out);\n"
      "  }}\n"
      "  for (int k = 0; k < {}; ++k) codes[k] = (int32_t)out[k];\n"
      "}}\n",
      type(deployed.program.inputs.front()), deployed.inputs(),
      type(deployed.program.outputs.front()), deployed.outputs(), deployed.outputs());
}

}  // namespace

EmittedRun::EmittedRun(const Deployed& deployed, emit::c::Style style,
                       const CompilerSetting& setting)
    : name_(fmt::format("pare C, {}, {}, {}", deployed.name,
                        style == emit::c::Style::kTable ? "table" : "unrolled", setting.name())),
      num_inputs_(static_cast<std::size_t>(deployed.inputs())),
      codes_(static_cast<std::size_t>(deployed.outputs())) {
  const emit::c::Files files =
      emit::c::emit(deployed.program, &deployed.interface, {}, {.name = "net", .style = style});
  write_file_atomic(folder_ / files.header.name, files.header.text);
  write_file_atomic(folder_ / files.source.name, files.source.text);
  write_file_atomic(folder_ / "caller.c", caller(deployed));
  library_.emplace(std::vector<std::string>{folder_ / files.source.name, folder_ / "caller.c"},
                   setting);
  run_ = library_->function<Run>("bench_run");
}

void EmittedRun::check(std::span<const float> samples, std::span<const std::int64_t> expected) {
  for (std::size_t i = 0; i < samples.size() / num_inputs_; ++i) {
    run_(samples.data() + i * num_inputs_, codes_.data(), 1);
    for (std::size_t k = 0; k < codes_.size(); ++k) {
      const std::int64_t right = expected[i * codes_.size() + k];
      if (codes_[k] == right) continue;
      throw InternalError(
          fmt::format("{}: sample {}, element {}: {}, expected {}", name_, i, k, codes_[k], right));
    }
  }
}

Contender EmittedRun::contender(std::span<const float> samples) {
  return {name_,
          [this, samples](int round) {
            const std::size_t sample =
                static_cast<std::size_t>(round) % (samples.size() / num_inputs_);
            input_ = samples.subspan(sample * num_inputs_, num_inputs_);
          },
          [this](int calls) { run_(input_.data(), codes_.data(), calls); }};
}

}  // namespace pare::bench
