#pragma once

#include <span>
#include <vector>

#include "emit/c/requantize_form.h"
#include "emit/c/statements.h"

namespace pare::emit::c {

/// y = function(x) in its cheapest exact form.
Value requantize_one(const Value& x, const Requantizing& function, Statements& statements);

/// y[i] = functions[i](x[i]), each in its cheapest exact form. Where all elements have short forms
/// with one shift they become a loop over arrays, which compilers vectorise.
std::vector<Value> unroll_requantize(std::span<const Value> x,
                                     std::span<const Requantizing> functions,
                                     Statements& statements);

}  // namespace pare::emit::c
