#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pare::data {

/// Where the validation samples come from.
enum class Split {
  kGiven,       ///< the set or the user brings them
  kStratified,  ///< a fraction of each class of the training file
  kKFold,       ///< one of k equal parts of the training file
  kSpatial,     ///< scenes: parts that share no pixel, see split_scene_by_blocks()
};

/// Which statistics the inputs are standardised by.
enum class Standardise {
  kNone,
  kTrain,     ///< of the training samples, for all splits
  kEachFile,  ///< of each file, the test file included
};

/// The data of one run, as [data] of a recipe asks for them.
struct Request {
  std::string set = {};          ///< a name of the catalogue; else the user's own files:
  std::string train = {};        ///< a file or folder that read_user_part takes
  std::string validation = {};   ///< with Split::kGiven; may be an array in `train` instead
  std::string test = {};         ///< may be an array in `train` instead
  std::string cube = {};         ///< or a scene: a .hdr (ENVI), .mat, .npy, .npz or HDF5 file
  std::string label_map = {};    ///< its labels, likewise; empty: an array of the same file
  std::string inputs = "X";      ///< array of inputs, also with _train, _validation, _test
  std::string labels = "y";      ///< array of labels, likewise; CSV: the column
  std::string axes = {};         ///< what the axes of the inputs are, see samples_first()
  std::int64_t first_label = 0;  ///< the number of the first class in arrays and CSV files
  std::vector<std::string> classes = {};  ///< names in the order of the labels; empty: as found
  Split split = Split::kStratified;
  double train_fraction = 0.4;        ///< scenes: in (0, 1), of the labelled pixels
  double validation_fraction = 0.25;  ///< in (0, 1)
  std::int64_t patch = 5;             ///< scenes: rows and columns of a sample, odd
  std::int64_t block = 16;            ///< scenes, Split::kSpatial: see SceneBlocks
  int folds = 4;
  int fold = 0;                        ///< 0 … folds-1: the part that validates
  std::int64_t max_train_samples = 0;  ///< 0: all; else a stratified part of the training split
  double label_noise = 0;              ///< in [0, 1], see randomise_labels()
  Standardise standardise = Standardise::kTrain;
  std::int64_t frames = 10;               ///< event recordings: frames of a sample
  std::int64_t frame_us = 0;              ///< event recordings: see Framing
  std::int64_t synthetic_samples = 4000;  ///< of a synthetic set: train + test

  std::uint64_t seed = 1;        ///< of split and label noise; a data set's samples never change
  std::string base_folder = {};  ///< relative paths start here
};

/// Throws InputError naming the key if not exactly one source is given, settings contradict each
/// other, or a number is out of range. What only a set or a scene can say is checked when it is
/// loaded.
void check_request(const Request& request);

}  // namespace pare::data
