#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "data/catalogue.h"

namespace pare::data {

/// A file to download.
struct Download {
  std::string url;     ///< http:// or https://
  std::string target;  ///< where it goes; folders are made
  std::string sha256;  ///< 64 lower-case hexadecimal digits
  std::int64_t bytes = 0;
  double stall_seconds = 30;  ///< give up where nothing comes for so long
};

/// Downloads into a temporary file beside the target, checks size and hash, and renames it: the
/// target is whole or absent. Redirections are followed. Without PARE_WITH_CURL it throws
/// InputError with the package to install. Throws InputError naming the address: another scheme, no
/// connection, an error of the server (404 …), a connection cut or stalled (bytes received and
/// expected), more bytes than expected, a hash that differs (both are named). The temporary file is
/// removed then.
void download(const Download& file, const ProgressSink& progress = {});

/// What fetch_set found or did for one file.
struct FetchedFile {
  std::string path;  ///< where it lies
  std::int64_t bytes = 0;
  bool was_there = false;  ///< nothing had to be downloaded
};

/// Gets the files of a set that are in no data folder, into `folder`; files that are there are
/// checked against their hashes where those are known. Throws InputError as download() does, and if
/// a file has no public address or one that is there has another hash.
std::vector<FetchedFile> fetch_set(const CatalogueSet& set, const std::string& folder,
                                   const ProgressSink& progress = {});

}  // namespace pare::data
