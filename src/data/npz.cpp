#include "data/npz.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zip.h>

#include "base/error.h"
#include "base/file.h"
#include "base/names.h"
#include "data/npy.h"

namespace pare::data {
namespace {

constexpr std::string_view kSuffix = ".npy";
constexpr std::uint64_t kMaxEntryBytes = std::uint64_t{64} << 30;
// A deflated block of two bits stands for at most 258 bytes.
constexpr std::uint64_t kMaxDeflateRatio = 1032;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
constexpr std::uint16_t kFirstDosDate = 0x21;  // 1 January 1980

struct CloseEntry {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using ArchivePointer = std::unique_ptr<zip_t, DiscardArchive>;
using SourcePointer = std::unique_ptr<zip_source_t, FreeSource>;

/// Refuses sizes that cannot be true before anything is unpacked.
void check_claim(const zip_stat_t& entry, const std::string& origin) {
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if ((entry.valid & kNeeded) != kNeeded) {
    throw InputError(fmt::format("{}: the archive does not state its size", origin));
  }
  if (entry.comp_method != ZIP_CM_STORE && entry.comp_method != ZIP_CM_DEFLATE) {
    throw InputError(fmt::format("{}: compression method {}, expected stored or deflated", origin,
                                 entry.comp_method));
  }
  const std::uint64_t ratio = entry.comp_method == ZIP_CM_STORE ? 1 : kMaxDeflateRatio;
  if (entry.size > kMaxEntryBytes || entry.size / ratio > entry.comp_size) {
    throw InputError(fmt::format("{}: {} bytes claimed in {} packed ones, which cannot be", origin,
                                 entry.size, entry.comp_size));
  }
}

std::vector<std::byte> unpack(zip_file_t* file, std::uint64_t claimed, const std::string& origin) {
  std::vector<std::byte> bytes;
  while (true) {
    const std::size_t filled = bytes.size();
    bytes.resize(filled + kChunkBytes);
    const zip_int64_t count = zip_fread(file, bytes.data() + filled, kChunkBytes);
    if (count < 0) {
      throw InputError(fmt::format("{}: damaged after {} of {} bytes: {}; get the file again",
                                   origin, filled, claimed,
                                   zip_error_strerror(zip_file_get_error(file))));
    }
    bytes.resize(filled + static_cast<std::size_t>(count));
    if (count == 0) break;
    if (bytes.size() > claimed) break;
  }
  if (bytes.size() != claimed) {
    throw InputError(fmt::format("{}: {} bytes claimed, {} {} found", origin, claimed,
                                 bytes.size() > claimed ? "more than" : "only",
                                 std::min<std::uint64_t>(bytes.size(), claimed)));
  }
  return bytes;
}

void add_entry(zip_t* archive, const std::string& name, std::span<const std::byte> bytes,
               const std::string& path) {
  // The archive frees the source once it has taken it; the bytes stay ours.
  zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
  const zip_int64_t index =
      source == nullptr ? -1 : zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    throw InputError(fmt::format("{}: cannot add '{}': {}", path, name,
                                 zip_error_strerror(zip_get_error(archive))));
  }
  zip_file_set_dostime(archive, static_cast<zip_uint64_t>(index), 0, kFirstDosDate, 0);
  zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_DEFLATE, 6);
}

std::vector<std::byte> contents(zip_source_t* source) {
  zip_stat_t info;
  zip_stat_init(&info);
  check(zip_source_stat(source, &info) == 0 && (info.valid & ZIP_STAT_SIZE) != 0,
        "write_npz: the archive has no size");
  std::vector<std::byte> bytes(info.size);
  check(zip_source_open(source) == 0, "write_npz: the archive cannot be read back");
  const zip_int64_t count = zip_source_read(source, bytes.data(), bytes.size());
  zip_source_close(source);
  check(count == static_cast<zip_int64_t>(bytes.size()), "write_npz: the archive is cut");
  return bytes;
}

}  // namespace

struct NpzReader::Archive {
  /// The whole file: an archive that others change while it is read cannot surprise.
  std::vector<std::byte> bytes;
  ArchivePointer zip;
};

NpzReader::NpzReader(const std::string& path) : path_(path), archive_(std::make_unique<Archive>()) {
  archive_->bytes = read_file(path);
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source =
      zip_source_buffer_create(archive_->bytes.data(), archive_->bytes.size(), 0, &error);
  if (source != nullptr) {
    archive_->zip.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
    if (!archive_->zip) zip_source_free(source);
  }
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (!archive_->zip) {
    throw InputError(
        fmt::format("{}: not a .npz file (a zip archive) that can be read: {}; {} bytes", path,
                    reason, archive_->bytes.size()));
  }
  const zip_int64_t count = zip_get_num_entries(archive_->zip.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(archive_->zip.get(), static_cast<zip_uint64_t>(i), 0);
    const std::string_view entry = name == nullptr ? "" : name;
    if (entry.size() > kSuffix.size() && entry.substr(entry.size() - kSuffix.size()) == kSuffix) {
      names_.emplace_back(entry.substr(0, entry.size() - kSuffix.size()));
    }
  }
}

NpzReader::~NpzReader() = default;
NpzReader::NpzReader(NpzReader&&) noexcept = default;
NpzReader& NpzReader::operator=(NpzReader&&) noexcept = default;

bool NpzReader::has(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

Tensor NpzReader::read(const std::string& name) const {
  const std::string origin = fmt::format("{}: array '{}'", path_, name);
  zip_t* zip = archive_->zip.get();
  const zip_int64_t index = zip_name_locate(zip, (name + std::string(kSuffix)).c_str(), 0);
  if (index < 0) {
    throw InputError(
        fmt::format("{}: no array '{}'; it has {}{}", path_, name,
                    names_.empty() ? "none" : fmt::format("{}", fmt::join(names_, ", ")),
                    did_you_mean(name, names_)));
  }
  zip_stat_t entry;
  zip_stat_init(&entry);
  check(zip_stat_index(zip, static_cast<zip_uint64_t>(index), 0, &entry) == 0,
        "NpzReader: an entry without a description");
  check_claim(entry, origin);
  const std::unique_ptr<zip_file_t, CloseEntry> file(
      zip_fopen_index(zip, static_cast<zip_uint64_t>(index), 0));
  if (!file) {
    throw InputError(
        fmt::format("{}: cannot be unpacked: {}", origin, zip_error_strerror(zip_get_error(zip))));
  }
  return parse_npy(unpack(file.get(), entry.size, origin), origin);
}

void write_npz(const std::string& path, const NamedTensors& arrays) {
  zip_error_t error;
  zip_error_init(&error);
  const SourcePointer source(zip_source_buffer_create(nullptr, 0, 0, &error));
  check(source != nullptr, "write_npz: no memory for the archive");
  // The archive takes a share of the source; ours is what it is read back by.
  zip_source_keep(source.get());
  ArchivePointer zip(zip_open_from_source(source.get(), ZIP_CREATE | ZIP_TRUNCATE, &error));
  if (!zip) {
    zip_source_free(source.get());
    throw_internal("write_npz: cannot begin an archive", __FILE__, __LINE__);
  }
  std::vector<std::vector<std::byte>> files;
  files.reserve(arrays.size());
  for (const auto& [name, tensor] : arrays) {
    files.push_back(format_npy(tensor));
    add_entry(zip.get(), name + std::string(kSuffix), files.back(), path);
  }
  if (zip_close(zip.get()) != 0) {
    throw InputError(fmt::format("{}: cannot be packed: {}", path,
                                 zip_error_strerror(zip_get_error(zip.get()))));
  }
  static_cast<void>(zip.release());
  write_file_atomic(path, contents(source.get()));
}

}  // namespace pare::data
