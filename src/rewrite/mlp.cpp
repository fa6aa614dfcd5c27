#include "rewrite/mlp.h"

#include <utility>

#include "rewrite/network_builder.h"

namespace pare::rewrite {

graph::Graph mlp(const recipe::Model& model, const Shape& sample_shape,
                 const std::vector<std::string>& classes, std::uint64_t seed) {
  NetworkBuilder builder("mlp", model, sample_shape, seed);
  builder.flatten("flatten");
  return finish_with_hidden_layers(std::move(builder), model, classes);
}

}  // namespace pare::rewrite
