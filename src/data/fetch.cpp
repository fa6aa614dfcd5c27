#include "data/fetch.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <filesystem>
#include <memory>
#include <span>
#include <system_error>

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "base/sha256.h"
#include "base/version.h"

namespace pare::data {
namespace {

namespace fs = std::filesystem;

constexpr long kConnectSeconds = 30;
constexpr long kMaxRedirections = 10;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
struct CleanUp {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
};
using Handle = std::unique_ptr<CURL, CleanUp>;

/// A file that is removed when it goes out of scope, unless it was renamed to the target.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& target)
      : target_(target), path_(fmt::format("{}.part-{}", target, ::getpid())) {
    std::error_code error;
    if (const fs::path folder = fs::path(target).parent_path(); !folder.empty()) {
      fs::create_directories(folder, error);
    }
    if (!error) {
      errno = 0;
      file_.reset(std::fopen(path_.c_str(), "wb"));
      if (!file_) error = {errno, std::generic_category()};
    }
    if (error) {
      throw InputError(
          fmt::format("{}: cannot be written: {}; set PARE_DATA to a folder that can be written",
                      target, error.message()));
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    file_.reset();
    if (!path_.empty()) std::remove(path_.c_str());
  }

  bool write(std::string_view bytes) {
    return std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size();
  }

  /// Flushes the bytes to the disk and gives the file its name.
  void keep() {
    const bool is_flushed = std::fflush(file_.get()) == 0 && ::fsync(::fileno(file_.get())) == 0;
    if (!is_flushed || std::rename(path_.c_str(), target_.c_str()) != 0) {
      throw InputError(fmt::format("{}: cannot be written: {}", target_, std::strerror(errno)));
    }
    path_.clear();
  }

 private:
  std::string target_;
  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

/// What libcurl's callbacks see. They must not throw through its C code.
struct Transfer {
  const Download* file;
  const ProgressSink* progress;
  TemporaryFile* to;
  Sha256 hash;
  std::int64_t received = 0;
  bool is_too_long = false;
  int write_error = 0;
  std::exception_ptr thrown_by_sink;
};

std::size_t receive(char* data, std::size_t, std::size_t count, void* context) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  const std::int64_t received = transfer.received + static_cast<std::int64_t>(count);
  if (received > transfer.file->bytes) {
    transfer.is_too_long = true;
    return 0;
  }
  if (!transfer.to->write({data, count})) {
    transfer.write_error = errno;
    return 0;
  }
  transfer.hash.update(std::string_view(data, count));
  transfer.received = received;
  return count;
}

/// libcurl calls this at least once a second, and far more often while bytes arrive.
int report(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  if (!*transfer.progress || transfer.received == 0) return 0;
  try {
    (*transfer.progress)({.what = fs::path(transfer.file->target).filename().string(),
                          .done = transfer.received,
                          .total = transfer.file->bytes,
                          .unit = "bytes",
                          .detail = ""});
  } catch (...) {
    transfer.thrown_by_sink = std::current_exception();
    return 1;
  }
  return 0;
}

void configure(CURL* curl, const Download& file, Transfer& transfer) {
  curl_easy_setopt(curl, CURLOPT_URL, file.url.c_str());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, fmt::format("pare/{}", version()).c_str());
  curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kMaxRedirections);
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
  curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(file.stall_seconds));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, report);
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

/// Throws what went wrong, if anything did.
void check_result(CURLcode code, CURL* curl, const Transfer& transfer) {
  const Download& file = *transfer.file;
  if (transfer.thrown_by_sink) std::rethrow_exception(transfer.thrown_by_sink);
  if (transfer.is_too_long) {
    throw InputError(
        fmt::format("{}: more than the {} bytes expected; nothing was kept", file.url, file.bytes));
  }
  if (transfer.write_error != 0) {
    throw InputError(fmt::format("{}: cannot be written: {}; free some space, then fetch again",
                                 file.target, std::strerror(transfer.write_error)));
  }
  if (code == CURLE_HTTP_RETURNED_ERROR) {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    throw InputError(
        fmt::format("{}: the server answers {}; has the file moved?", file.url, status));
  }
  if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT) {
    throw InputError(fmt::format("{}: expected an http:// or https:// address", file.url));
  }
  if (code != CURLE_OK || transfer.received != file.bytes) {
    throw InputError(fmt::format(
        "{}: {} of {} bytes received{}; nothing was kept, fetch again", file.url, transfer.received,
        file.bytes, code == CURLE_OK ? "" : fmt::format(" ({})", curl_easy_strerror(code))));
  }
  if (const std::string found = transfer.hash.hex(); found != file.sha256) {
    throw InputError(fmt::format(
        "{}: its SHA-256 is {}, expected {}; nothing was kept: the file has changed or was damaged",
        file.url, found, file.sha256));
  }
}

}  // namespace

void download(const Download& file, const ProgressSink& progress) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  const Handle curl(curl_easy_init());
  check(started == CURLE_OK && curl != nullptr, "download: libcurl does not start");
  TemporaryFile temporary(file.target);
  Transfer transfer{
      .file = &file, .progress = &progress, .to = &temporary, .hash = {}, .thrown_by_sink = {}};
  configure(curl.get(), file, transfer);
  const CURLcode code = curl_easy_perform(curl.get());
  check_result(code, curl.get(), transfer);
  temporary.keep();
}

}  // namespace pare::data
