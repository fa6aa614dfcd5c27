#include "compiled_c.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"

namespace pare::bench {

std::string CompilerSetting::name() const {
  std::string text = compiler;
  for (const std::string& flag : flags) text += " " + flag;
  return text;
}

std::vector<CompilerSetting> compiler_settings() {
  return {{"gcc", {"-O2"}},
          {"gcc", {"-O3", "-march=native", "-fno-tree-slp-vectorize"}},
          {"clang-14", {"-O3", "-march=native"}}};
}

bool is_there(const CompilerSetting& setting) {
  try {
    return Process({{setting.compiler, "--version"}, {}, "/dev/null", "/dev/null"})
        .wait()
        .is_success();
  } catch (const InputError&) {
    return false;
  }
}

CompiledC::CompiledC(const std::vector<std::string>& sources, const CompilerSetting& setting) {
  const std::string library = folder_ / "net.so";
  Command command{{setting.compiler, "-std=c99", "-fPIC", "-shared", "-o", library}, {}, {}, {}};
  std::vector<std::string>& arguments = command.arguments;
  arguments.insert(arguments.end(), setting.flags.begin(), setting.flags.end());
  arguments.insert(arguments.end(), sources.begin(), sources.end());
  command.output = folder_ / "output.txt";
  command.errors = folder_ / "errors.txt";
  if (!Process(command).wait().is_success()) {
    throw InputError(fmt::format("{}:\n{}", setting.name(), read_text(command.errors)));
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
