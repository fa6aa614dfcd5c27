#include "deployed.h"

#include "cost/operations.h"
#include "lower/lower.h"
#include "model/model.h"
#include "program/reference.h"

namespace pare::bench {

Deployed load_deployed(const std::string& path, const std::string& name) {
  model::Model model = model::load(path);
  Deployed deployed{.name = name, .program = {}, .interface = {}};
  if (model.deployment) {
    deployed.program = std::move(model.deployment->program);
    deployed.interface = std::move(model.deployment->interface);
  } else {
    lower::Lowered lowered = lower::lower(model.graph);
    deployed.program = std::move(lowered.program);
    deployed.interface = std::move(lowered.interface);
  }
  deployed.interface.input.mean.clear();
  deployed.interface.input.scale.clear();
  return deployed;
}

std::vector<std::int64_t> reference_codes(const Deployed& deployed,
                                          std::span<const float> samples) {
  const auto size = static_cast<std::size_t>(deployed.inputs());
  std::vector<std::int64_t> codes;
  for (std::size_t first = 0; first < samples.size(); first += size) {
    program::Codes input(size);
    lower::map_input(deployed.interface, samples.subspan(first, size), input);
    const program::Outputs outputs = program::run_reference(
        deployed.program,
        {.buffers = {std::move(input)}, .trip_counts = lower::trip_counts_of(deployed.interface)});
    codes.insert(codes.end(), outputs.outputs.front().begin(), outputs.outputs.front().end());
  }
  return codes;
}

Macs count_macs(const program::Program& program) {
  Macs macs;
  for (const program::Section& section : program.sections) {
    for (const program::Node& node : section.nodes) {
      const cost::OpWork work = cost::work_of(program, node);
      macs.all += work.macs;
      macs.nonzero += work.nonzero_macs;
    }
  }
  return macs;
}

}  // namespace pare::bench
