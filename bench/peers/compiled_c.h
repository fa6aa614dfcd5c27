#pragma once

#include <string>
#include <vector>

#include "base/temporary_folder.h"

namespace pare::bench {

/// A compiler and how it is called.
struct CompilerSetting {
  std::string compiler;
  std::string flags;

  std::string name() const { return compiler + " " + flags; }
};

/// The three settings that are compared (docs/benchmarks.md). Of the two gcc settings with
/// -march=native the second turns off -ftree-slp-vectorize, which costs straight-line code a lot.
std::vector<CompilerSetting> compiler_settings();

/// Whether a compiler is there.
bool is_there(const CompilerSetting& setting);

/// A C file, compiled and opened.
class CompiledC {
 public:
  /// Compiles `source` (with its folder as include path) to a shared library. Throws InputError
  /// with the compiler's messages.
  CompiledC(const std::string& source, const CompilerSetting& setting);

  /// The address of a function. Throws InputError if there is none of that name.
  template <class Signature>
  Signature* function(const std::string& name) const {
    return reinterpret_cast<Signature*>(symbol(name));
  }

 private:
  void* symbol(const std::string& name) const;

  TemporaryFolder folder_;
  void* library_ = nullptr;  ///< stays open as long as the program runs
};

}  // namespace pare::bench
