#pragma once

#include "cli/verb.h"

namespace pare::cli {

/// Replaces this process by pare-train with the same arguments: verbs that train need torch, which
/// takes too long to load for the others. pare-train is looked for beside this program and in
/// ../libexec/pare; it refuses if it is of another build. Throws InputError if there is none.
ExitCode hand_over_to_train(int argc, char** argv);

/// Name of the environment variable that carries the build id from pare to pare-train.
inline constexpr const char* kBuildIdVariable = "PARE_BUILD_ID";

/// Folder of the running program.
std::string program_folder();

/// The pare-train that belongs to the running program. Throws InputError if there is none.
std::string find_train_program();

}  // namespace pare::cli
