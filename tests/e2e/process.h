#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/temporary_folder.h"

namespace pare::e2e {

struct Finished {
  int exit_code = -1;  ///< -1: ended by a signal
  std::string out;
  std::string err;
};

/// Runs a program to its end, or kills it with SIGKILL after `kill_after`.
Finished run(const std::vector<std::string>& command,
             std::optional<std::chrono::milliseconds> kill_after = std::nullopt);

/// The program that was built, by name ("pare").
std::string program(const std::string& name);

std::string contents(const std::string& path);

}  // namespace pare::e2e
