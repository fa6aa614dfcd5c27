// libhdf5 reads the file, in a process of its own (isolated.h). What a dataset claims is held
// against the size of the file before anything of it is read.
#include "data/hdf5.h"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <hdf5.h>

#include "base/error.h"
#include "data/isolated.h"

namespace pare::data {
namespace {

constexpr std::size_t kMaxArrays = 100'000;

/// An identifier of the library, given back when it goes.
class Handle {
 public:
  Handle(hid_t id, herr_t (*close)(hid_t)) : id_(id), close_(close) {}
  ~Handle() {
    if (id_ >= 0) close_(id_);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  hid_t get() const { return id_; }
  bool is_valid() const { return id_ >= 0; }

 private:
  hid_t id_;
  herr_t (*close_)(hid_t);
};

/// What a dataset's elements are in a tensor, and what the library converts them to.
struct ElementType {
  DType dtype;
  hid_t memory;
};

/// Whether an enumeration has the two members that boolean arrays are written with.
bool is_boolean(hid_t type) {
  if (H5Tget_size(type) != 1 || H5Tget_nmembers(type) != 2) return false;
  std::int8_t no = 0;
  std::int8_t yes = 1;
  const auto is_named = [&](const std::int8_t& value, std::string_view expected) {
    std::array<char, 8> name{};
    return H5Tenum_nameof(type, &value, name.data(), name.size()) >= 0 && name.data() == expected;
  };
  return is_named(no, "FALSE") && is_named(yes, "TRUE");
}

std::optional<ElementType> element_type(hid_t type) {
  const std::size_t size = H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_INTEGER: {
      const bool is_signed = H5Tget_sign(type) == H5T_SGN_2;
      if (size == 1) {
        return is_signed ? ElementType{DType::kI8, H5T_NATIVE_INT8}
                         : ElementType{DType::kU8, H5T_NATIVE_UINT8};
      }
      if (size == 2) {
        return is_signed ? ElementType{DType::kI16, H5T_NATIVE_INT16}
                         : ElementType{DType::kU16, H5T_NATIVE_UINT16};
      }
      if (size <= 4) {
        return is_signed ? ElementType{DType::kI32, H5T_NATIVE_INT32}
                         : ElementType{DType::kU32, H5T_NATIVE_UINT32};
      }
      if (size > 8) return std::nullopt;
      return is_signed ? ElementType{DType::kI64, H5T_NATIVE_INT64}
                       : ElementType{DType::kU64, H5T_NATIVE_UINT64};
    }
    case H5T_FLOAT:
      if (size > 8) return std::nullopt;
      return size <= 4 ? ElementType{DType::kF32, H5T_NATIVE_FLOAT}
                       : ElementType{DType::kF64, H5T_NATIVE_DOUBLE};
    case H5T_ENUM:
      if (!is_boolean(type)) return std::nullopt;
      return ElementType{DType::kBool, H5T_NATIVE_INT8};
    default:
      return std::nullopt;
  }
}

std::string type_name(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_STRING:
      return "text";
    case H5T_COMPOUND:
      return "record";
    case H5T_REFERENCE:
      return "reference";
    case H5T_ENUM:
      return "enumeration";
    case H5T_VLEN:
      return "ragged";
    case H5T_ARRAY:
      return "array of arrays";
    case H5T_INTEGER:
    case H5T_FLOAT:
      return "wide number";
    default:
      return "opaque";
  }
}

/// Reads the datasets of one file.
class Finder {
 public:
  Finder(const std::string& path, Values values, const TakeArray& give)
      : path_(path),
        values_(values),
        give_(give),
        file_bytes_(std::filesystem::file_size(path)),
        file_(open(path), H5Fclose) {
    if (!file_.is_valid()) {
      throw InputError(
          fmt::format("{}: not an HDF5 file that can be read, or it is damaged or cut", path));
    }
  }

  /// All datasets of the file, or the one that is wanted.
  void walk(const std::string& wanted) {
    std::vector<std::string> names;
    const herr_t state = H5Ovisit(file_.get(), H5_INDEX_NAME, H5_ITER_INC, collect_dataset, &names);
    if (state < 0) {
      throw InputError(
          fmt::format("{}: its groups cannot be walked: the file is damaged, or has "
                      "more than {} datasets",
                      path_, kMaxArrays));
    }
    for (const std::string& name : names) {
      if (wanted.empty() || wanted == name) read(name);
    }
  }

 private:
  static hid_t open(const std::string& path) {
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
    return H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  }

  /// Called by the library, which exceptions may not cross.
  static herr_t collect_dataset(hid_t, const char* name, const H5O_info_t* info, void* names) {
    if (info->type != H5O_TYPE_DATASET) return 0;
    try {
      auto& list = *static_cast<std::vector<std::string>*>(names);
      if (list.size() == kMaxArrays) return -1;
      list.emplace_back(name);
    } catch (...) {
      return -1;
    }
    return 0;
  }

  [[noreturn]] void fail(const std::string& name, std::string_view what) const {
    throw InputError(fmt::format("{}: array '{}': {}", path_, name, what));
  }

  void read(const std::string& name) const {
    const Handle set(H5Dopen2(file_.get(), name.c_str(), H5P_DEFAULT), H5Dclose);
    const Handle type(set.is_valid() ? H5Dget_type(set.get()) : -1, H5Tclose);
    const Handle space(set.is_valid() ? H5Dget_space(set.get()) : -1, H5Sclose);
    if (!type.is_valid() || !space.is_valid()) fail(name, "the file is damaged there");
    FoundArray found{.name = name, .type = type_name(type.get()), .shape = {}};
    found.shape = shape_of(space.get(), name);
    const std::optional<ElementType> elements = element_type(type.get());
    if (elements) {
      found.type = name_of(elements->dtype);
      check_claim(found.shape, size_of(elements->dtype), file_bytes_,
                  fmt::format("{}: array '{}'", path_, name));
      // An empty selection, or none at all, has no values to read.
      const bool has_space = H5Sget_simple_extent_type(space.get()) != H5S_NULL;
      if (values_ == Values::kRead && has_space) found.values = values(set.get(), found, *elements);
    }
    give_(std::move(found));
  }

  Shape shape_of(hid_t space, const std::string& name) const {
    const H5S_class_t kind = H5Sget_simple_extent_type(space);
    if (kind == H5S_SCALAR) return {};
    if (kind == H5S_NULL) return {0};
    const int rank = H5Sget_simple_extent_ndims(space);
    if (kind != H5S_SIMPLE || rank < 0 || rank > H5S_MAX_RANK) fail(name, "its shape is damaged");
    std::vector<hsize_t> sizes(static_cast<std::size_t>(rank));
    if (H5Sget_simple_extent_dims(space, sizes.data(), nullptr) != rank) {
      fail(name, "its shape is damaged");
    }
    return {sizes.begin(), sizes.end()};
  }

  /// Refuses what lies outside the file, and filters that are not there.
  void check_storage(hid_t set, const std::string& name) const {
    const Handle creation(H5Dget_create_plist(set), H5Pclose);
    if (!creation.is_valid()) fail(name, "its description is damaged");
    if (H5Pget_layout(creation.get()) == H5D_VIRTUAL ||
        H5Pget_external_count(creation.get()) != 0) {
      fail(name, "its values lie in other files; copy them into one (h5repack)");
    }
    const int num_filters = H5Pget_nfilters(creation.get());
    if (num_filters < 0) fail(name, "its filters are damaged");
    for (int i = 0; i < num_filters; ++i) {
      unsigned flags = 0;
      std::size_t num_values = 0;
      const H5Z_filter_t filter = H5Pget_filter2(creation.get(), static_cast<unsigned>(i), &flags,
                                                 &num_values, nullptr, 0, nullptr, nullptr);
      if (filter >= 0 && H5Zfilter_avail(filter) > 0) continue;
      fail(name, fmt::format("packed by filter {}, which this HDF5 library does not have; write it "
                             "with gzip (h5repack -f GZIP=4)",
                             filter));
    }
  }

  Tensor values(hid_t set, const FoundArray& found, const ElementType& elements) const {
    check_storage(set, found.name);
    Tensor tensor(elements.dtype, found.shape);
    if (tensor.size() > 0 &&
        H5Dread(set, elements.memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor.bytes().data()) < 0) {
      fail(found.name, "its values cannot be read; the file is damaged or cut");
    }
    if (elements.dtype == DType::kBool) {
      for (std::byte& b : tensor.bytes()) b = b == std::byte{0} ? std::byte{0} : std::byte{1};
    }
    return tensor;
  }

  const std::string& path_;
  Values values_;
  const TakeArray& give_;
  std::uint64_t file_bytes_;
  Handle file_;
};

}  // namespace

void find_hdf5_arrays(const std::string& path, Values values, const TakeArray& take) {
  find_isolated(
      path, [&](const TakeArray& give) { Finder(path, values, give).walk(""); }, take);
}

Tensor read_hdf5(const std::string& path, const std::string& name) {
  const auto find = [&](const TakeArray& take) {
    find_isolated(
        path, [&](const TakeArray& give) { Finder(path, Values::kRead, give).walk(name); }, take);
  };
  return values_of_one(path, name, find,
                       [&](const TakeArray& take) { find_hdf5_arrays(path, Values::kSkip, take); });
}

}  // namespace pare::data
