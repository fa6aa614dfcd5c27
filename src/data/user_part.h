#pragma once

#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/request.h"

namespace pare::data {

/// Samples of the user's own, of one file or of several that belong together.
struct UserPart {
  Samples samples;
  std::vector<std::string> features;     ///< may be empty
  std::vector<std::string> label_names;  ///< empty: labels are numbers already
  std::string origin;                    ///< of the labels, for messages
};

/// The part that `file` holds, by its name:
/// - .csv: a table;
/// - .npz, .mat, .h5, .hdf5: the request's arrays of inputs and labels, with `suffix` behind their
///   names where there is an array of inputs so called, else without;
/// - .bin: CIFAR's binary format, the fine labels of CIFAR-100 unless the request's label is
///   "coarse";
/// - IDX images ("…images-idx3-ubyte", with .gz or without): the labels lie beside them under the
///   same name with labels-idx1 in the place of images-idx3;
/// - .txt: a list of event recordings that lie beside it (read_event_list), as the request's frames
///   and frame_us say: [N, T, 2, 34, 34]. They must not be standardised: what would be a channel's
///   statistics are a time step's;
/// - a folder: PNG images, one folder a class.
/// Relative names start at the request's base folder. `*` and `?` in the last part of a name stand
/// for all files that match, joined in the order of their names. Images come as [N, C, H, W], other
/// arrays as the request's `axes` say.
/// Throws InputError naming file and array, row or column.
UserPart read_user_part(const std::string& file, const std::string& suffix, const Request& request);

/// The part whose arrays lie in the training file under names with `suffix`; nothing where that is
/// no single file of named arrays or has none.
std::optional<UserPart> read_suffixed_part(const std::string& suffix, const Request& request);

/// Makes labels that index the part's own names index `classes`. Throws InputError for a name that
/// is none of them.
void rename_labels(UserPart& part, const std::vector<std::string>& classes);

}  // namespace pare::data
