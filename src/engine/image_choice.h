#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "engine/classes.h"
#include "engine/image.h"
#include "engine/image_conv.h"
#include "engine/plan.h"
#include "engine/plan_parts.h"

namespace pare::engine {

/// The image of a buffer.
struct Image {
  ImageLayout layout = {};
  bool is_produced = false;  ///< by a node of the section that runs on images
  bool is_flat = true;       ///< the buffer is needed as it is, too
};

/// The convolutions and max-poolings of a section that run on images, one sample at a time.
struct SectionImages {
  std::map<const program::Node*, ImageConv> convs = {};
  std::set<const program::Node*> pools = {};
  std::map<std::uint32_t, Image> images = {};  ///< by BufferId of what they read and write

  Image& image(program::BufferId id) { return images[id.value]; }
  const Image& image(program::BufferId id) const { return images.at(id.value); }
};

/// Which they are, with their kernels, and how their images are laid out: none if the plan is not
/// for one sample. A convolution is among them if its strides are 1 and a linear kernel could run
/// it, a pooling if its input is an image and it has no padding. The first convolution that reads
/// an image decides how its elements are stored. `allows`: whether a node may be among them.
SectionImages choose_images(const PlanRequest& request, const program::Section& section,
                            const std::vector<int>& num_readers, const NodeFilter& allows);

/// Borders, pitches and strides. Images of one class, whose convolutions tie them together, have
/// the same pitch, so that lanes stay lanes. False if an image is larger than kernels can address.
bool lay_out_images(const program::Program& program, const Classes& pitches, SectionImages& chosen);

}  // namespace pare::engine
