#pragma once

#include <string>
#include <string_view>

#include "program/program.h"

namespace pare::program {

/// The program as text (docs/formats/program.md): for people, for diffs, for files, and what `hash`
/// is of. Deterministic. REQUIRES: ids in range.
std::string print(const Program& program);

/// The program back. `origin` names the text in messages. Memory is bounded by the length of the
/// text. Throws InputError: a newer version by its number; the line, what was found and what was
/// expected; or what program::check refuses.
Program parse(std::string_view text, const std::string& origin);

}  // namespace pare::program
