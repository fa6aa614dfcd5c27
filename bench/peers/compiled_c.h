#pragma once

#include <string>
#include <vector>

#include "base/temporary_folder.h"

namespace pare::bench {

/// A compiler and how it is called.
struct CompilerSetting {
  std::string compiler;
  std::vector<std::string> flags;

  std::string name() const;  ///< "gcc -O2"
};

/// The three settings that are compared (docs/benchmarks.md). With -march=native gcc's
/// -ftree-slp-vectorize costs straight-line code a lot, so that is off.
std::vector<CompilerSetting> compiler_settings();

/// Whether a compiler is there.
bool is_there(const CompilerSetting& setting);

/// C files, compiled and opened.
class CompiledC {
 public:
  /// Compiles `sources` to one shared library. Throws InputError with the compiler's messages.
  CompiledC(const std::vector<std::string>& sources, const CompilerSetting& setting);

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
