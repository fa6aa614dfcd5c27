#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "data/fetch.h"
#include "data/find_file.h"

namespace pare::data {
namespace {

void check_hash(const std::string& path, const CatalogueFile& file, const std::string& set) {
  const std::string found = sha256_hex(read_file(path));
  if (found == file.sha256) return;
  throw InputError(fmt::format(
      "{}: its SHA-256 is {}, expected {}: it is not the file of data set '{}'; remove it "
      "and fetch again",
      path, found, file.sha256, set));
}

}  // namespace

std::vector<FetchedFile> fetch_set(const CatalogueSet& set, const std::string& folder,
                                   const ProgressSink& progress) {
  std::vector<FetchedFile> fetched;
  for (const CatalogueFile& file : set.files) {
    if (const auto path = find_data_file(file.path)) {
      if (!file.sha256.empty()) check_hash(*path, file, set.name);
      fetched.push_back({.path = *path, .bytes = file.bytes, .was_there = true});
      continue;
    }
    if (file.url.empty()) {
      throw InputError(fmt::format(
          "data set '{}': {} has no public address; put it under {}, or set PARE_DATA to a "
          "folder that holds it",
          set.name, file.path, folder));
    }
    const std::string target = folder + '/' + file.path;
    download({.url = file.url, .target = target, .sha256 = file.sha256, .bytes = file.bytes},
             progress);
    fetched.push_back({.path = target, .bytes = file.bytes, .was_there = false});
  }
  return fetched;
}

}  // namespace pare::data
