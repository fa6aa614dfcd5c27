#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pare::recipe {

// The schema of a recipe: what each key means, its default, and what it may be. docs/recipe.md is
// the user's page of it. Enumerators are spelled in TOML as snake_case without the k.

enum class Split { kGiven, kStratified, kKFold, kSpatial };
enum class Standardise {
  kNone,
  kTrain,     ///< mean and sd of the training samples, for all splits
  kEachFile,  ///< each file by its own statistics, the test file included (as the authors of
              ///< Ps and Qs did; their test set then sees test statistics)
};

/// [data]: `set`, a name that `pare data list` shows, or the user's own files.
struct Data {
  std::string set = {};
  std::string train = {};       ///< a file or folder of the user's, relative to the recipe
  std::string validation = {};  ///< with split = "given"
  std::string test = {};
  std::string cube = {};         ///< or a scene of the user's: a file of its cube,
  std::string label_map = {};    ///< and one of its labels; empty: an array of the same file
  std::string inputs = "X";      ///< array of inputs [N, …]; with a suffix (X_train) in one file
  std::string labels = "y";      ///< array of labels [N]; CSV: the column
  std::string axes = {};         ///< what the axes of the inputs are ("HWCN"); empty: samples first
  std::int64_t first_label = 0;  ///< the number of the first class
  std::vector<std::string> classes =
      {};  ///< names in the order of the labels; empty: as in the data
  Split split = Split::kStratified;
  double train_fraction = 0.4;  ///< scenes: of the labelled pixels, validation included
  double validation_fraction = 0.25;
  std::int64_t patch = 5;              ///< scenes: rows and columns of a sample
  std::int64_t block = 16;             ///< scenes, split = "spatial": rows and columns of a block
  int folds = 4;                       ///< with split = "k_fold"
  int fold = 0;                        ///< which of them is the validation set
  std::int64_t max_train_samples = 0;  ///< 0: all; else a stratified part
  double label_noise = 0;  ///< this fraction of the training file's rows, from the first,
                           ///< gets a uniformly drawn label (validation included)
  Standardise standardise = Standardise::kTrain;
  std::int64_t frames = 10;               ///< event recordings: frames of a sample
  std::int64_t frame_us = 0;              ///< of a frame; 0: equal parts of each recording
  std::int64_t synthetic_samples = 4000;  ///< of the synthetic sets: train + test

  bool operator==(const Data&) const = default;
};

enum class ModelKind { kMlp, kCnn };
enum class BatchNormKind {
  kNone,
  kFull,
  kNoAffine,      ///< without gain and shift
  kNoStatistics,  ///< the batch's statistics in evaluation too
};

enum class Activation { kRelu, kLeakyRelu, kSigmoid, kTanh };
enum class Padding {
  kSame,   ///< zeros around the input, so that with stride 1 the output is as large
  kValid,  ///< none
};
enum class Pool { kNone, kMax, kAverage };

/// One entry of model.convolutions: (Reshape ->) Conv -> BatchNorm -> activation (-> pooling).
/// Lists have a number for each spatial axis, or one for all.
struct Convolution {
  std::vector<std::int64_t> reshape =
      {};  ///< what it reads as: channels, spatial axes; empty: as is
  std::int64_t channels = 16;
  std::vector<std::int64_t> kernel = {3};
  std::vector<std::int64_t> stride = {1};
  Padding padding = Padding::kSame;
  std::vector<std::int64_t> pads = {};  ///< in place of `padding`: zeros at either end of each axis
  std::int64_t groups = 1;
  Pool pool = Pool::kNone;
  std::vector<std::int64_t> pool_size = {2};  ///< its stride too

  bool operator==(const Convolution&) const = default;
};

/// [model]: a multi-layer perceptron Linear -> BatchNorm -> activation (-> Dropout) per hidden
/// layer, and a Linear output layer; a convolutional network has convolutions in front of them.
/// Layers are named conv1, conv2, …, fc1, fc2, …, output.
struct Model {
  /// A network from elsewhere, in place of all that follows: a file of ONNX or a model of pare,
  /// relative to the recipe. Its input is (x - import_mean) / import_scale of standardised data x.
  std::string import = {};
  double import_mean = 0;
  double import_scale = 1;
  ModelKind kind = ModelKind::kMlp;
  std::vector<Convolution> convolutions = {};
  int spatial_axes =
      0;  ///< cnn: 1 to 3; 0: as many as the longest list of a convolution has numbers
  bool global_average_pool = false;  ///< cnn: behind the last convolution
  std::vector<std::int64_t> hidden = {64, 32, 32};
  Activation activation = Activation::kRelu;
  double negative_slope = 0.01;  ///< of leaky ReLUs
  BatchNormKind batch_norm = BatchNormKind::kFull;
  bool bias = true;  ///< of all layers
  double dropout = 0;

  bool operator==(const Model&) const = default;
};

enum class Step { kFloat, kPow2 };
enum class Granularity { kTensor, kChannel };
enum class WeightFormat {
  kUniform,  ///< weight_bits wide
  kTernary,  ///< -1, 0, 1 times a step
  kBinary,   ///< -1, 1 times a step
};

/// Where the range of weights comes from (docs/methods/quantization.md).
enum class WeightRange {
  kAuto,     ///< uniform: as `calibration` says, else max_abs; ternary: threshold_mean; binary:
             ///< mean_abs
  kMaxAbs,   ///< uniform, ternary
  kLearned,  ///< uniform, ternary
  kMeanAbs,  ///< binary
  kTwiceMeanAbs,   ///< uniform
  kSawb,           ///< uniform of 4 or 8 bits
  kThresholdMean,  ///< ternary
  kPercentile,     ///< uniform, found once: `percentile` of the magnitudes
  kMse,            ///< uniform, found once: of the least squared error
  kAffine,         ///< uniform: affine while training, max_abs in what is left of the stage
  kMinMax,         ///< uniform: affine, in training and in what is left
};

/// How the ranges of the input and of activations are found on training samples.
enum class Calibration { kNone, kMinMax, kPercentile, kMse };

/// Settings of the layers whose name matches a pattern (`*` any characters, `?` one). Absent: as
/// the stage says.
struct LayerQuantize {
  std::string match = {};
  std::optional<int> weight_bits = {};
  std::optional<int> activation_bits = {};
  std::optional<WeightFormat> weight_format = {};
  std::optional<WeightRange> weight_range = {};

  bool operator==(const LayerQuantize&) const = default;
};

/// [stage.quantize]: inserts quantizers for weights, activations, the input and biases.
/// 32 bits mean float: no quantizer there. A top-level [quantize] holds defaults; a stage quantizes
/// only if it has a table of its own, and if not all of its weights and activations stay float.
struct Quantize {
  int weight_bits = 6;
  int activation_bits = 6;
  int input_bits = 16;  ///< 32: input and biases stay float, as in the paper
  /// Without a calibration: this many percent of the magnitudes of the training inputs lie in the
  /// input's range; larger ones saturate. 100: all.
  double input_percentile = 100;
  Step step = Step::kFloat;
  Granularity weight_granularity = Granularity::kTensor;
  WeightFormat weight_format = WeightFormat::kUniform;
  WeightRange weight_range = WeightRange::kAuto;
  bool narrow = true;           ///< weights: leave out the lowest code
  double activation_range = 6;  ///< where the learned range of an activation starts
  /// Post-training quantization: ranges from the values that the float network has on training
  /// samples. Activations' stay learned, and start there.
  Calibration calibration = Calibration::kNone;
  double percentile = 99.99;  ///< of the magnitudes that lie inside, in percent
  int calibration_samples = 1024;
  /// Moves each layer's bias by the mean error of its outputs on the calibration samples.
  bool bias_correction = false;
  /// Spiking neurons, where the weights and what enters the network are quantized: the width of
  /// their membrane (32: float), the binary places that it has below the step of their current, and
  /// those of their leak.
  int membrane_bits = 24;
  int membrane_fraction_bits = 4;
  int leak_bits = 8;
  std::vector<LayerQuantize> layers = {};  ///< later entries win

  bool operator==(const Quantize&) const = default;
};

enum class Reset { kSoft, kHard };
enum class Surrogate { kTriangle, kSigmoid, kArctan };

/// [stage.spike]: makes a spiking network of one with ReLUs (docs/methods/spiking.md). What enters
/// it is the same at each step; its output is summed over the steps.
struct Spike {
  int steps = 5;
  /// Thresholds from what the layers' currents are on training samples: this percentile of their
  /// values, layer after layer, times `threshold_scale`.
  double percentile = 99.7;
  double threshold_scale = 0.3;
  int calibration_samples = 512;
  int calibration_steps = 100;
  double leak = 1;  ///< where it starts
  bool learn_threshold = true;
  bool learn_leak = true;
  bool strict = true;  ///< spikes above the threshold, not at it
  Reset reset = Reset::kSoft;
  bool leak_reset = true;  ///< whether the leak acts on what a reset left
  Surrogate surrogate = Surrogate::kTriangle;
  double surrogate_gain = 0.3;
  double surrogate_width = 1;

  bool operator==(const Spike&) const = default;
};

enum class PruneScope { kGlobal, kLayer };
enum class PruneStructure {
  kWeights,  ///< single weights
  kUnits,    ///< whole neurons and filters
};
enum class UnitNorm { kL1, kL2 };

/// [stage.prune]: magnitude pruning of weights or units, ranked on the float weights. One of:
/// `fractions`, of the weights (units) still alive, one pruning (and training) after another: the
/// stage becomes as many stages, named NAME-1, NAME-2, …; or `sparsity`, of all weights, at once.
struct Prune {
  PruneStructure structure = PruneStructure::kWeights;
  UnitNorm norm = UnitNorm::kL1;  ///< of units
  PruneScope scope = PruneScope::kGlobal;
  std::vector<double> fractions = {};
  std::optional<double> sparsity = {};
  std::vector<std::string> exclude = {};  ///< patterns of layer names
  /// Lottery ticket: after pruning, training starts again from the values that the net had after so
  /// many epochs of the first stage (0: before any). None: from those it has (fine-tuning).
  std::optional<int> rewind = {};
  bool compact = false;  ///< takes neurons and filters that are all zero out of the net for good

  bool operator==(const Prune&) const = default;
};

enum class Optimizer { kAdam, kSgd };
enum class Schedule { kConstant, kStep, kCosine };
enum class Loss { kCrossEntropy, kBinaryCrossEntropy };

/// Another learning rate for the parameters of the layers that match.
struct LayerRate {
  std::string match = {};
  double learning_rate_factor = 1;

  bool operator==(const LayerRate&) const = default;
};

/// [train], and [stage.train] which overrides single keys of it.
struct Train {
  int epochs = 100;
  int batch_size = 1024;
  Optimizer optimizer = Optimizer::kAdam;
  double learning_rate = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double momentum = 0.9;  ///< SGD
  double weight_decay = 0;
  Schedule schedule = Schedule::kConstant;
  int step_epochs = 30;          ///< schedule = "step": every so many epochs …
  double step_factor = 0.1;      ///< … the rate is multiplied by this
  double final_rate_factor = 0;  ///< schedule = "cosine": rate at the end / rate at the start
  Loss loss = Loss::kCrossEntropy;
  double l1 = 0;      ///< times the sum of |weights| and |batch-norm gains|, added to the loss
  int patience = 10;  ///< epochs without a better validation loss before stopping (a tie counts as
                      ///< better); 0: train all epochs. The best epoch's state is restored.
  std::int64_t crop_padding = 0;  ///< images: pad by so many pixels, then cut out at a random place
  bool flip = false;              ///< images: mirror every second one, left to right
  std::vector<LayerRate> layers = {};

  bool operator==(const Train&) const = default;
};

/// [[stage]]: first the rewrites (spike, quantize, prune), then some epochs of training.
struct Stage {
  std::string name = {};
  std::optional<Spike> spike = {};
  std::optional<Quantize> quantize = {};
  std::optional<Prune> prune = {};
  Train train;
  bool test = true;  ///< evaluate on the test split when the stage ends

  bool operator==(const Stage&) const = default;
};

/// The epoch of the first stage that prunings go back to; none if no stage has prune.rewind.
std::optional<int> rewind_epoch(const std::vector<Stage>& stages);

struct Recipe {
  std::string name = {};
  std::string description = {};
  std::uint64_t seed = 1;
  int threads = 1;
  Data data;
  Model model;
  /// Whether neural efficiency and aIQ are computed at the end of each stage.
  bool neural_efficiency = false;
  std::vector<Stage> stages = {};

  /// Absolute folder that relative paths start from; "" for the current one. Not a key.
  std::string base_folder = {};

  bool operator==(const Recipe&) const = default;
};

/// Reads and checks a recipe. `overrides` are "key.path=value" with a TOML value (a bare word is a
/// string); [[stage]] entries are addressed by their name, or without one by their number from 1:
/// "stage.qat.quantize.weight_bits=4".
/// Stages with several prune fractions come back expanded. A recipe without a name gets its file's.
/// Throws InputError naming the file, line and key: unknown keys (with the nearest known one),
/// wrong types, values out of range.
Recipe read(const std::string& path, const std::vector<std::string>& overrides = {});

/// The same from text; `origin` names it in messages.
Recipe parse(const std::string& toml, const std::string& origin,
             const std::vector<std::string>& overrides = {});

/// The recipe as TOML with every key written out. parse(to_toml(r)) == r, but that base_folder is
/// taken into relative paths, so that the text means the same wherever it is read.
std::string to_toml(const Recipe& recipe);

}  // namespace pare::recipe
