#include "cli/hand_over.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/build_id.h"

namespace pare::cli {

std::string program_folder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string(".") : program.parent_path().string();
}

std::string find_train_program() {
  const std::filesystem::path folder = program_folder();
  const auto beside = folder / "pare-train";
  const auto libexec = folder.parent_path() / "libexec" / "pare" / "pare-train";
  for (const auto& candidate : {beside, libexec}) {
    if (access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  throw InputError(fmt::format(
      "this verb trains and needs pare-train, which is neither {} nor {}: build it with libtorch "
      "(-DPARE_TRAIN=ON) or put it there",
      beside.string(), libexec.string()));
}

ExitCode hand_over_to_train(int argc, char** argv) {
  std::string program = find_train_program();
  std::vector<char*> arguments(argv, argv + argc);
  arguments[0] = program.data();
  arguments.push_back(nullptr);
  setenv(kBuildIdVariable, std::string(build_id()).c_str(), 1);
  execv(program.c_str(), arguments.data());
  throw InputError(fmt::format("cannot start {}: {}", program, std::strerror(errno)));
}

}  // namespace pare::cli
