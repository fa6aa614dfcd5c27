#include "compiled_c.h"

#include <cstdlib>
#include <filesystem>

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"

namespace pare::bench {

std::vector<CompilerSetting> compiler_settings() {
  return {{"gcc", "-O2"},
          {"gcc", "-O3 -march=native -fno-tree-slp-vectorize"},
          {"clang-14", "-O3 -march=native"}};
}

bool is_there(const CompilerSetting& setting) {
  const std::string command = setting.compiler + " --version >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

CompiledC::CompiledC(const std::string& source, const CompilerSetting& setting) {
  const std::string library = folder_ / "net.so";
  const std::string messages = folder_ / "messages.txt";
  const std::string include = std::filesystem::path(source).parent_path().string();
  const std::string command =
      fmt::format("{} -std=c99 {} -fPIC -shared -I'{}' '{}' -o '{}' -lm >'{}' 2>&1",
                  setting.compiler, setting.flags, include, source, library, messages);
  if (std::system(command.c_str()) != 0) {
    throw InputError(fmt::format("{}\n{}", command, read_text(messages)));
  }
  library_ = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library_ == nullptr) throw InputError(dlerror());
}

void* CompiledC::symbol(const std::string& name) const {
  void* address = dlsym(library_, name.c_str());
  if (address == nullptr) throw InputError(fmt::format("compiled C: no function '{}'", name));
  return address;
}

}  // namespace pare::bench
