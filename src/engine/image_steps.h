#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "engine/image_choice.h"
#include "engine/plan.h"
#include "engine/window_reads.h"

namespace pare::engine {

/// The steps of a section's nodes that run on images, with what packs and unpacks them. Next to a
/// buffer that such a node reads or writes, the plan gets another one for its image.
class ImageSteps {
 public:
  /// Adds the images to plan.buffers. All but `chosen` outlive this.
  ImageSteps(const PlanRequest& request, SectionImages chosen, Plan& plan, PackedMatrices& packed);

  /// Appends the steps of a node, conversions of what it reads and writes included, and returns
  /// true; false, and nothing, if it does not run on images. `also_done`: the requantize that it
  /// took along.
  bool add(const program::Node& node, std::vector<Step>& steps, const program::Node*& also_done);

  /// An image and its buffer.
  struct Source {
    program::BufferId id;
    const ImageLayout& layout;
  };
  /// The image that a copy of it, made by a step of its own, has the elements of; none if it is no
  /// such copy.
  std::optional<Source> source_of(program::BufferId copy) const;

 private:
  void add_conv(const ImageConv& conv, std::vector<Step>& steps);
  LinearStep linear_step(const ImageConv& conv, const ImageLayout& x, WindowReads& reads);
  program::BufferId add_shift(program::BufferId x, const WindowReads& reads,
                              std::vector<Step>& steps);
  void add_pool(const program::Node& node, std::vector<Step>& steps);
  void add_unpack(program::BufferId from, program::BufferId to, std::vector<Step>& steps);
  void pack_if_needed(program::BufferId x, std::vector<Step>& steps);
  void finish(program::BufferId y, std::vector<Step>& steps);
  Step step(program::BufferId name, ImageOp op, program::BufferId x, program::BufferId y) const;

  const PlanRequest& request_;
  SectionImages chosen_;
  Plan& plan_;
  PackedMatrices& packed_;
  std::map<std::uint32_t, program::BufferId> ids_;     // of images, by their buffer
  std::set<std::uint32_t> made_;                       // buffers whose image has its step
  std::map<std::uint32_t, program::BufferId> copied_;  // buffers of images, by the copy
};

}  // namespace pare::engine
