#pragma once

#include <span>
#include <string>

#include "emit/c/emit.h"
#include "emit/c/frame.h"

namespace pare::emit::c {

/// A C program that runs the golden vectors, prints the number of codes that differ and returns 0
/// if none does, else 1. With NAME_TEST_NO_MAIN defined it has no main, only `long
/// NAME_test(void)`, the number itself, and needs no stdio.h.
std::string self_check(const Frame& frame, std::span<const GoldenVector> golden);

}  // namespace pare::emit::c
