#include "rewrite/cnn.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "rewrite/mlp.h"
#include "rewrite/network_builder.h"

namespace pare::rewrite {
namespace {

std::size_t num_spatial_axes(const recipe::Model& model, const Shape& sample_shape) {
  if (model.spatial_axes > 0) return static_cast<std::size_t>(model.spatial_axes);
  std::size_t longest = 1;
  for (const recipe::Convolution& layer : model.convolutions) {
    longest = std::max({longest, layer.kernel.size(), layer.stride.size(), layer.pads.size(),
                        layer.pool_size.size()});
  }
  if (longest > 1 || sample_shape.empty()) return longest;
  return sample_shape.size() == 2 ? 2 : std::max<std::size_t>(1, sample_shape.size() - 1);
}

/// One number for all axes written out.
Shape each_axis(const Shape& list, std::size_t rank, const std::string& what) {
  if (list.size() == rank) return list;
  if (list.size() == 1) return Shape(rank, list.front());
  throw InputError(fmt::format("[model] {} has {} numbers, expected one or {} (spatial axes)", what,
                               list.size(), rank));
}

/// Zeros in front and behind; one more behind where their number is odd.
Shape padding_of(const recipe::Convolution& layer, const Shape& kernel, const std::string& name) {
  const std::size_t rank = kernel.size();
  Shape padding(2 * rank, 0);
  if (!layer.pads.empty()) {
    const Shape pads = each_axis(layer.pads, rank, name + ": pads");
    std::copy(pads.begin(), pads.end(), padding.begin());
    std::copy(pads.begin(), pads.end(), padding.begin() + static_cast<std::ptrdiff_t>(rank));
    return padding;
  }
  if (layer.padding == recipe::Padding::kValid) return padding;
  for (std::size_t i = 0; i < rank; ++i) {
    padding[i] = (kernel[i] - 1) / 2;
    padding[rank + i] = kernel[i] / 2;
  }
  return padding;
}

/// The input as other channels and axes of as many elements; nothing where the recipe has none.
void reshape_input(NetworkBuilder& builder, const std::string& name,
                   const recipe::Convolution& layer, std::size_t rank) {
  if (layer.reshape.empty()) return;
  if (layer.reshape.size() != rank + 1) {
    throw InputError(
        fmt::format("[model] {}: reshape has {} numbers, expected {}: channels and {} spatial axes",
                    name, layer.reshape.size(), rank + 1, rank));
  }
  builder.reshape(name + ".reshape", layer.reshape);
}

void add_convolution(NetworkBuilder& builder, const std::string& name,
                     const recipe::Convolution& layer, std::size_t rank) {
  const Shape kernel = each_axis(layer.kernel, rank, name + ": kernel");
  const Shape stride = each_axis(layer.stride, rank, name + ": stride");
  reshape_input(builder, name, layer, rank);
  builder.conv(name, layer.channels, kernel, stride, padding_of(layer, kernel, name), layer.groups);
  builder.batch_norm(name);
  builder.activation(name);
  if (layer.pool == recipe::Pool::kNone) return;
  const Shape size = each_axis(layer.pool_size, rank, name + ": pool_size");
  const graph::PoolWindow window{size, size, Shape(2 * rank, 0), Shape(rank, 1)};
  if (layer.pool == recipe::Pool::kMax) {
    builder.pool(name + ".pool", graph::MaxPool{window});
  } else {
    builder.pool(name + ".pool", graph::AveragePool{window});
  }
}

}  // namespace

graph::Graph cnn(const recipe::Model& model, const Shape& sample_shape,
                 const std::vector<std::string>& classes, std::uint64_t seed) {
  NetworkBuilder builder("cnn", model, sample_shape, seed);
  const std::size_t rank = num_spatial_axes(model, sample_shape);
  if (sample_shape.size() == rank) {
    Shape shape = sample_shape;
    shape.insert(shape.begin(), 1);
    builder.reshape("channels", std::move(shape));
  }
  for (std::size_t i = 0; i < model.convolutions.size(); ++i) {
    add_convolution(builder, fmt::format("conv{}", i + 1), model.convolutions[i], rank);
  }
  if (model.global_average_pool) builder.pool("pool", graph::AveragePool{});
  builder.flatten("flatten");
  builder.dropout("flatten");
  return finish_with_hidden_layers(std::move(builder), model, classes);
}

graph::Graph network(const recipe::Model& model, const Shape& sample_shape,
                     const std::vector<std::string>& classes, std::uint64_t seed) {
  return model.kind == recipe::ModelKind::kCnn ? cnn(model, sample_shape, classes, seed)
                                               : mlp(model, sample_shape, classes, seed);
}

}  // namespace pare::rewrite
