#pragma once

#include <string>
#include <vector>

#include "base/toml.h"
#include "recipe/recipe.h"

namespace pare::recipe {

// The keys of each table, once: reading, writing and the check of docs/recipe.md all walk these
// lists. `visit(key, field)` or `visit(key, field, limits)` is called for each key in the order in
// which it is written. `T` is the struct or the const struct.

/// Bit widths: 1 … 16, or 32 for float.
struct BitWidths {};

inline constexpr RealRange kFraction = {.min = 0, .max = 1};
inline constexpr RealRange kBelowOne = {.min = 0, .max = 1, .max_allowed = false};
inline constexpr RealRange kInsideZeroOne = {
    .min = 0, .max = 1, .min_allowed = false, .max_allowed = false};
inline constexpr RealRange kPercent = {.min = 0, .max = 100, .min_allowed = false};
inline constexpr RealRange kPositive = {.min = 0, .min_allowed = false};
inline constexpr RealRange kNotNegative = {.min = 0};

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, Data>
void visit_fields(T& data, Visitor&& visit) {
  visit("set", data.set);
  visit("train", data.train);
  visit("validation", data.validation);
  visit("test", data.test);
  visit("cube", data.cube);
  visit("label_map", data.label_map);
  visit("inputs", data.inputs);
  visit("labels", data.labels);
  visit("axes", data.axes);
  visit("first_label", data.first_label, IntRange{0, 65535});
  visit("classes", data.classes);
  visit("split", data.split);
  visit("train_fraction", data.train_fraction, kInsideZeroOne);
  visit("validation_fraction", data.validation_fraction, kInsideZeroOne);
  visit("patch", data.patch, IntRange{1, 1023});
  visit("block", data.block, IntRange{1, 1'000'000});
  visit("folds", data.folds, IntRange{2, 1000});
  visit("fold", data.fold, IntRange{0, 999});
  visit("max_train_samples", data.max_train_samples, IntRange{.min = 0});
  visit("label_noise", data.label_noise, kFraction);
  visit("standardise", data.standardise);
  visit("frames", data.frames, IntRange{1, 100'000});
  visit("frame_us", data.frame_us, IntRange{0, 1 << 23});
  visit("synthetic_samples", data.synthetic_samples, IntRange{20, 100'000'000});
}

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, Convolution>
void visit_fields(T& layer, Visitor&& visit) {
  visit("reshape", layer.reshape, IntRange{1, 1 << 24});
  visit("channels", layer.channels, IntRange{1, 65536});
  visit("kernel", layer.kernel, IntRange{1, 1024});
  visit("stride", layer.stride, IntRange{1, 1024});
  visit("padding", layer.padding);
  visit("pads", layer.pads, IntRange{0, 1024});
  visit("groups", layer.groups, IntRange{1, 65536});
  visit("pool", layer.pool);
  visit("pool_size", layer.pool_size, IntRange{1, 1024});
}

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, Model>
void visit_fields(T& model, Visitor&& visit) {
  visit("import", model.import);
  visit("import_mean", model.import_mean, RealRange{});
  visit("import_scale", model.import_scale, kPositive);
  visit("kind", model.kind);
  visit("convolutions", model.convolutions);
  visit("spatial_axes", model.spatial_axes, IntRange{0, 3});
  visit("global_average_pool", model.global_average_pool);
  visit("hidden", model.hidden, IntRange{1, 65536});
  visit("activation", model.activation);
  visit("negative_slope", model.negative_slope, kBelowOne);
  visit("batch_norm", model.batch_norm);
  visit("bias", model.bias);
  visit("dropout", model.dropout, kBelowOne);
}

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, LayerQuantize>
void visit_fields(T& layer, Visitor&& visit) {
  visit("match", layer.match);
  visit("weight_bits", layer.weight_bits, BitWidths{});
  visit("activation_bits", layer.activation_bits, BitWidths{});
  visit("weight_format", layer.weight_format);
  visit("weight_range", layer.weight_range);
}

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, Quantize>
void visit_fields(T& quantize, Visitor&& visit) {
  visit("weight_bits", quantize.weight_bits, BitWidths{});
  visit("activation_bits", quantize.activation_bits, BitWidths{});
  visit("input_bits", quantize.input_bits, BitWidths{});
  visit("input_percentile", quantize.input_percentile, kPercent);
  visit("step", quantize.step);
  visit("weight_granularity", quantize.weight_granularity);
  visit("weight_format", quantize.weight_format);
  visit("weight_range", quantize.weight_range);
  visit("narrow", quantize.narrow);
  visit("activation_range", quantize.activation_range, kPositive);
  visit("calibration", quantize.calibration);
  visit("percentile", quantize.percentile, kPercent);
  visit("calibration_samples", quantize.calibration_samples, IntRange{1, 1 << 24});
  visit("bias_correction", quantize.bias_correction);
  visit("membrane_bits", quantize.membrane_bits, IntRange{4, 32});
  visit("membrane_fraction_bits", quantize.membrane_fraction_bits, IntRange{0, 16});
  visit("leak_bits", quantize.leak_bits, IntRange{1, 16});
  visit("layers", quantize.layers);
}

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, Spike>
void visit_fields(T& spike, Visitor&& visit) {
  visit("steps", spike.steps, IntRange{1, 4096});
  visit("percentile", spike.percentile, kPercent);
  visit("threshold_scale", spike.threshold_scale, kPositive);
  visit("calibration_samples", spike.calibration_samples, IntRange{1, 1 << 24});
  visit("calibration_steps", spike.calibration_steps, IntRange{1, 4096});
  visit("leak", spike.leak, kFraction);
  visit("learn_threshold", spike.learn_threshold);
  visit("learn_leak", spike.learn_leak);
  visit("strict", spike.strict);
  visit("reset", spike.reset);
  visit("leak_reset", spike.leak_reset);
  visit("surrogate", spike.surrogate);
  visit("surrogate_gain", spike.surrogate_gain, kPositive);
  visit("surrogate_width", spike.surrogate_width, kPositive);
}

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, Prune>
void visit_fields(T& prune, Visitor&& visit) {
  visit("structure", prune.structure);
  visit("norm", prune.norm);
  visit("scope", prune.scope);
  visit("fractions", prune.fractions, kBelowOne);
  visit("sparsity", prune.sparsity, kBelowOne);
  visit("exclude", prune.exclude);
  visit("rewind", prune.rewind, IntRange{0, 1'000'000});
  visit("compact", prune.compact);
}

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, LayerRate>
void visit_fields(T& layer, Visitor&& visit) {
  visit("match", layer.match);
  visit("learning_rate_factor", layer.learning_rate_factor, kNotNegative);
}

template <class T, class Visitor>
requires std::same_as<std::remove_const_t<T>, Train>
void visit_fields(T& train, Visitor&& visit) {
  visit("epochs", train.epochs, IntRange{0, 1'000'000});
  visit("batch_size", train.batch_size, IntRange{1, 1 << 24});
  visit("optimizer", train.optimizer);
  visit("learning_rate", train.learning_rate, kPositive);
  visit("beta1", train.beta1, kBelowOne);
  visit("beta2", train.beta2, kBelowOne);
  visit("adam_epsilon", train.adam_epsilon, kPositive);
  visit("momentum", train.momentum, kBelowOne);
  visit("weight_decay", train.weight_decay, kNotNegative);
  visit("schedule", train.schedule);
  visit("step_epochs", train.step_epochs, IntRange{1, 1'000'000});
  visit("step_factor", train.step_factor, RealRange{.min = 0, .max = 1, .min_allowed = false});
  visit("final_rate_factor", train.final_rate_factor, kFraction);
  visit("loss", train.loss);
  visit("l1", train.l1, kNotNegative);
  visit("patience", train.patience, IntRange{0, 1'000'000});
  visit("crop_padding", train.crop_padding, IntRange{0, 4096});
  visit("flip", train.flip);
  visit("layers", train.layers);
}

}  // namespace pare::recipe
