#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pare {

/// A file that only grows, for logs. What was appended is with the operating system when append
/// returns, so it survives the death of the process.
class AppendFile {
 public:
  /// Keeps the first `offset` bytes of the file and drops the rest: a run that resumes from a
  /// checkpoint goes on where the checkpoint saw the log. 0 starts anew. Throws InputError if the
  /// file cannot be opened, or is shorter than `offset`.
  AppendFile(std::string path, std::uint64_t offset);
  AppendFile(AppendFile&& other) noexcept;
  AppendFile& operator=(AppendFile&&) = delete;
  ~AppendFile();

  /// Throws InputError (disk full); the file is then as long as before.
  void append(std::span<const std::byte> bytes);

  /// Bytes in the file.
  std::uint64_t offset() const { return offset_; }

 private:
  std::string path_;
  std::uint64_t offset_;
  int fd_;
};

}  // namespace pare
