#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/philox.h"
#include "lower/lower.h"
#include "lower/test_networks.h"
#include "model/deploy.h"
#include "model/model.h"
#include "rewrite/cnn.h"
#include "rewrite/quantize.h"

namespace pare::cli {

/// A quantized and frozen CNN of patches `sample` [bands, rows, columns] with random weights, which
/// takes raw numbers around 0.5.
inline model::Model random_scene_model(const Shape& sample, const std::vector<std::string>& classes,
                                       std::uint64_t seed) {
  recipe::Model net{.kind = recipe::ModelKind::kCnn};
  net.batch_norm = recipe::BatchNormKind::kNone;
  net.hidden = {};
  net.convolutions = {{.channels = 5, .kernel = {3, 3}}};
  model::Model model{.graph = rewrite::cnn(net, sample, classes, seed)};
  lower::scramble(model.graph, seed);
  const auto bands = static_cast<std::size_t>(sample.front());
  model.graph.inputs.front().mean.assign(bands, 0.5);
  model.graph.inputs.front().scale.assign(bands, 0.2);
  recipe::Quantize options;
  options.weight_bits = 6;
  options.activation_bits = 6;
  options.input_bits = 8;
  model.graph = rewrite::quantize(model.graph, options, 4);
  Shape samples = sample;
  samples.insert(samples.begin(), 2);
  model.deployment = model::deploy(lower::lower(model.graph), Tensor(DType::kF32, samples));
  return model;
}

/// [rows, columns, bands], numbers from 0 to 1.
inline Tensor random_cube(const Shape& shape, std::uint64_t seed) {
  Tensor cube(DType::kF32, shape);
  const Philox random(seed, RandomStream::kSynthetic);
  for (std::size_t i = 0; i < cube.size(); ++i) {
    cube.as<float>()[i] = static_cast<float>(random.uniform(i));
  }
  return cube;
}

/// The float graph alone.
inline model::Model without_program(model::Model model) {
  model.deployment.reset();
  return model;
}

}  // namespace pare::cli
