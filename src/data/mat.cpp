// libmatio reads the file, in a process of its own (isolated.h): each variable's description first,
// then, where it is wanted and its claim can be true, its data.
#include "data/mat.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <matio.h>

#include "base/error.h"
#include "data/axes.h"
#include "data/isolated.h"

namespace pare::data {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxArrays = 100'000;
constexpr int kMaxRank = 32;

struct CloseMat {
  void operator()(mat_t* file) const { Mat_Close(file); }
};
struct FreeVariable {
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};
using FilePointer = std::unique_ptr<mat_t, CloseMat>;
using VariablePointer = std::unique_ptr<matvar_t, FreeVariable>;

/// The type of a variable's numbers; nothing for what holds none.
std::optional<DType> dtype_of_class(const matvar_t& variable) {
  if (variable.isComplex != 0) return std::nullopt;
  if (variable.isLogical != 0) {
    return variable.class_type == MAT_C_UINT8 ? std::optional(DType::kBool) : std::nullopt;
  }
  switch (variable.class_type) {
    case MAT_C_DOUBLE:
      return DType::kF64;
    case MAT_C_SINGLE:
      return DType::kF32;
    case MAT_C_INT8:
      return DType::kI8;
    case MAT_C_UINT8:
      return DType::kU8;
    case MAT_C_INT16:
      return DType::kI16;
    case MAT_C_UINT16:
      return DType::kU16;
    case MAT_C_INT32:
      return DType::kI32;
    case MAT_C_UINT32:
      return DType::kU32;
    case MAT_C_INT64:
      return DType::kI64;
    case MAT_C_UINT64:
      return DType::kU64;
    default:
      return std::nullopt;
  }
}

std::string type_name(const matvar_t& variable) {
  if (const auto dtype = dtype_of_class(variable)) return std::string(name_of(*dtype));
  if (variable.isComplex != 0) return "complex";
  switch (variable.class_type) {
    case MAT_C_CHAR:
      return "text";
    case MAT_C_SPARSE:
      return "sparse";
    case MAT_C_CELL:
      return "cell";
    case MAT_C_STRUCT:
      return "structure";
    case MAT_C_FUNCTION:
      return "function";
    default:
      return "object";
  }
}

/// Walks one file's variables.
class Finder {
 public:
  Finder(const std::string& path, std::string wanted, Values values, const TakeArray& give)
      : path_(path),
        wanted_(std::move(wanted)),
        values_(values),
        give_(give),
        file_bytes_(std::filesystem::file_size(path)),
        file_(Mat_Open(path.c_str(), MAT_ACC_RDONLY)) {
    if (!file_) {
      throw InputError(fmt::format(
          "{}: not a MATLAB file that can be read; save it again with -v7 or -v7.3", path));
    }
  }

  void walk() {
    while (const VariablePointer variable{Mat_VarReadNextInfo(file_.get())}) {
      const std::string name = variable->name == nullptr ? "" : variable->name;
      if (!leads_to_wanted(name)) continue;
      if (values_ == Values::kRead) read_data(*variable, name);
      visit(*variable, name, 0);
    }
    if (num_arrays_ == 0 && wanted_.empty()) {
      throw InputError(
          fmt::format("{}: no variables that can be read; the file is empty or damaged", path_));
    }
  }

 private:
  std::string origin(const std::string& name) const {
    return fmt::format("{}: array '{}'", path_, name);
  }

  /// Whether `name` is what is looked for, lies in it, or holds it.
  bool leads_to_wanted(const std::string& name) const {
    return wanted_.empty() || wanted_ == name || wanted_.starts_with(name + '/');
  }

  Shape shape_of(const matvar_t& variable, const std::string& name) const {
    if (variable.rank < 0 || variable.rank > kMaxRank ||
        (variable.rank > 0 && variable.dims == nullptr)) {
      throw InputError(
          fmt::format("{}: {} axes; the file is damaged", origin(name), variable.rank));
    }
    Shape shape;
    for (int axis = 0; axis < variable.rank; ++axis) {
      shape.push_back(static_cast<std::int64_t>(variable.dims[axis]));
    }
    const std::optional<DType> dtype = dtype_of_class(variable);
    check_claim(shape, dtype ? size_of(*dtype) : 1, file_bytes_, origin(name));
    return shape;
  }

  /// Data of a whole variable; a claim that cannot be true is refused first, at any depth.
  void read_data(matvar_t& variable, const std::string& name) {
    check_claims(variable, name, 0);
    if (Mat_VarReadDataAll(file_.get(), &variable) != 0) {
      throw InputError(
          fmt::format("{}: its data cannot be read; the file is damaged or cut", origin(name)));
    }
  }

  void check_claims(const matvar_t& variable, const std::string& name, int depth) const {
    shape_of(variable, name);
    for_each_part(variable, name, depth, [&](const matvar_t& part, const std::string& part_name) {
      check_claims(part, part_name, depth + 1);
    });
  }

  /// Calls f(part, name) for the elements of a cell array and the fields of structures.
  template <class F>
  void for_each_part(const matvar_t& variable, const std::string& name, int depth, F&& f) const {
    const bool is_cell = variable.class_type == MAT_C_CELL;
    if ((!is_cell && variable.class_type != MAT_C_STRUCT) || variable.data == nullptr) return;
    if (depth == kMaxDepth) {
      throw InputError(fmt::format("{}: nested deeper than {} levels", origin(name), kMaxDepth));
    }
    // matio's own functions take pointers to non-const, and only read.
    const auto num_fields =
        is_cell ? 1U : Mat_VarGetNumberOfFields(const_cast<matvar_t*>(&variable));
    char* const* fields = is_cell ? nullptr : Mat_VarGetStructFieldnames(&variable);
    if (num_fields == 0 || (!is_cell && fields == nullptr)) return;
    const auto elements = static_cast<std::size_t>(num_elements(shape_of(variable, name)));
    const auto* parts = static_cast<matvar_t* const*>(variable.data);
    const std::size_t count = std::min(elements * num_fields, variable.nbytes / sizeof *parts);
    for (std::size_t i = 0; i < count; ++i) {
      if (parts[i] == nullptr) continue;
      std::string part_name = name;
      if (is_cell || elements > 1) part_name += fmt::format("/{}", i / num_fields);
      if (!is_cell) part_name += fmt::format("/{}", fields[i % num_fields]);
      f(*parts[i], part_name);
    }
  }

  void visit(const matvar_t& variable, const std::string& name, int depth) {
    if (!leads_to_wanted(name)) return;
    const bool is_container =
        variable.class_type == MAT_C_CELL || variable.class_type == MAT_C_STRUCT;
    if (is_container) {
      for_each_part(variable, name, depth, [&](const matvar_t& part, const std::string& part_name) {
        visit(part, part_name, depth + 1);
      });
      return;
    }
    if (++num_arrays_ > kMaxArrays) {
      throw InputError(fmt::format("{}: more than {} arrays", path_, kMaxArrays));
    }
    FoundArray found{.name = name, .type = type_name(variable), .shape = shape_of(variable, name)};
    if (values_ == Values::kRead) found.values = values_of(variable, found);
    give_(std::move(found));
  }

  std::optional<Tensor> values_of(const matvar_t& variable, const FoundArray& found) const {
    const std::optional<DType> dtype = dtype_of_class(variable);
    if (!dtype) return std::nullopt;
    // Stored column-major: row-major under the reversed shape.
    Tensor tensor(*dtype, {found.shape.rbegin(), found.shape.rend()});
    const std::size_t bytes = tensor.bytes().size();
    const bool is_whole = variable.data != nullptr && variable.nbytes == bytes &&
                          static_cast<std::size_t>(variable.data_size) == size_of(*dtype);
    if (bytes > 0 && !is_whole) {
      throw InputError(fmt::format("{}: {} bytes of elements, expected {}; the file is damaged",
                                   origin(found.name), variable.nbytes, bytes));
    }
    if (bytes > 0) std::memcpy(tensor.bytes().data(), variable.data, bytes);
    if (*dtype == DType::kBool) {
      for (std::byte& b : tensor.bytes()) b = b == std::byte{0} ? std::byte{0} : std::byte{1};
    }
    std::vector<std::size_t> order(tensor.rank());
    std::iota(order.rbegin(), order.rend(), std::size_t{0});
    return permuted(tensor, order);
  }

  const std::string& path_;
  std::string wanted_;  ///< empty: all
  Values values_;
  const TakeArray& give_;
  std::uint64_t file_bytes_;
  FilePointer file_;
  std::size_t num_arrays_ = 0;
};

}  // namespace

void find_mat_arrays(const std::string& path, Values values, const TakeArray& take) {
  find_isolated(
      path, [&](const TakeArray& give) { Finder(path, "", values, give).walk(); }, take);
}

Tensor read_mat(const std::string& path, const std::string& name) {
  const auto find = [&](const TakeArray& take) {
    find_isolated(
        path, [&](const TakeArray& give) { Finder(path, name, Values::kRead, give).walk(); }, take);
  };
  return values_of_one(path, name, find,
                       [&](const TakeArray& take) { find_mat_arrays(path, Values::kSkip, take); });
}

}  // namespace pare::data
