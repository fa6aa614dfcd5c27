#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "engine/image.h"
#include "engine/plan.h"

namespace pare::engine {

/// The convolutions and max-poolings of a section that kernels for images run, one sample at a
/// time, and their steps. Next to a buffer that one of them reads or writes, the plan gets another
/// one, of the same values, for its image. Those that others read, too, are unpacked.
///
/// A convolution runs on images if its strides are 1 and a linear kernel could run it. All images
/// that convolutions tie together have the same pitch, so that lanes stay lanes.
class SectionImages {
 public:
  /// Adds the images to plan.buffers. All but `request` outlive this.
  SectionImages(const PlanRequest& request, const program::Section& section,
                const std::vector<int>& num_readers, Plan& plan, PackedMatrices& packed);

  /// Appends the steps of a node, conversions of what it reads and writes included, and returns
  /// true; false, and nothing, if it does not run on images. `also_done`: the requantize that it
  /// took along.
  bool add_steps(const program::Node& node, std::vector<Step>& steps,
                 const program::Node*& also_done);

 private:
  struct Conv {
    const program::Node* requantize = nullptr;
    program::BufferId y;
    graph::Window window;
    KernelKind kind = KernelKind::kDenseBytes;
  };
  struct Image {
    ImageLayout layout;
    bool is_demanded = false;   ///< a convolution said how its elements must be stored
    bool is_produced = false;   ///< by a node of this section that runs on images
    std::size_t row_lanes = 0;  ///< that its rows need at least
    program::BufferId id = {};  ///< in the plan
    bool is_made = false;       ///< its step was added
  };

  bool is_conv(const program::Node& node, Conv& conv) const;
  void choose(const program::Section& section);
  void choose_conv(const program::Node& node, Conv conv);
  void choose_pool(const program::Node& node);
  bool demand(program::BufferId x, Element element, std::uint32_t interleave);
  void lay_out(const program::Section& section);
  void count_other_readers(const program::Section& section);

  Image& image(program::BufferId id);
  Image& form_of(program::BufferId id);

  void add_conv(const program::Node& node, std::vector<Step>& steps);
  void add_pool(const program::Node& node, std::vector<Step>& steps);
  void add_unpack(program::BufferId from, program::BufferId to, std::vector<Step>& steps);
  void pack_if_needed(program::BufferId x, std::vector<Step>& steps);
  void finish(program::BufferId y, std::vector<Step>& steps);
  Step step(program::BufferId name, ImageOp op, program::BufferId x, program::BufferId y) const;

  PlanRequest request_;
  const program::Section* section_ = nullptr;
  const std::vector<int>& num_readers_;
  Plan& plan_;
  PackedMatrices& packed_;
  std::map<const program::Node*, Conv> convs_;
  std::set<const program::Node*> pools_;
  std::map<std::uint32_t, Image> images_;           // by BufferId of the program
  std::map<std::uint32_t, std::uint32_t> forms_;    // to another one with the same element
  std::map<std::uint32_t, std::uint32_t> pitches_;  // to another one with the same pitch
  std::set<std::uint32_t> flat_;                    // read by others, too
};

}  // namespace pare::engine
