#pragma once

// Small programs for the tests of this folder, with figures that can be counted by hand.

#include <string>

#include "program/text.h"

namespace pare::cost {

/// Two layers, 4 -> 2 -> 3, with a requantize between them and an argmax behind.
///
///   fc1: 8 weights of 4 bits, 6 not zero; 2 biases of 8 bits, 1 not zero; accumulator s13
///   fc2: 6 weights of 2 bits, ternary, 3 not zero; accumulator s12
inline program::Program two_layers() {
  return program::parse(R"(program 1 two_layers
buffer x s8 [4]
buffer fc1.sum s13 [2]
buffer fc1.code u6 [2]
buffer fc2.sum s12 [3]
buffer class u2 [1]
constant fc1.weight s4 [2 4] uniform { -3 0 5 7 1 -8 0 2 }
constant fc1.bias s8 [2] uniform { 100 0 }
constant fc1.multiplier s24 [2] uniform { 5033165 7549747 }
constant fc1.addend s2 [1] uniform { 0 }
constant fc1.shift u5 [1] uniform { 27 }
constant fc2.weight s2 [3 2] ternary { 1 -1 0 1 0 0 }
inputs x
outputs class
section once {
  fc1.sum = linear(x) weight=fc1.weight bias=fc1.bias accumulator=s13
  fc1.code = requantize(fc1.sum) multiplier=fc1.multiplier addend=fc1.addend shift=fc1.shift rounding=half_even lowest=0 highest=63
  fc2.sum = linear(fc1.code) weight=fc2.weight accumulator=s12
  class = argmax(fc2.sum)
}
)",
                        "two_layers");
}

/// A sum over time: an input of 3 elements at each step, doubled by a linear op, added to a state.
inline program::Program sum_over_time() {
  return program::parse(R"(program 1 sum_over_time
trip_count T
buffer x u4 [3] each T
buffer doubled u5 [3] each T
buffer added u9 [3] each T
buffer next u8 [3] each T
buffer total u8 [3]
constant two s3 [3 3] uniform { 2 0 0 0 2 0 0 0 2 }
constant zero u1 [1] uniform { 0 }
inputs x
outputs total
section forward T {
  state total initial=zero next=next
  doubled = linear(x) weight=two accumulator=u5
  added = add(doubled, total)
  next = clamp(added) lowest=0 highest=255
}
)",
                        "sum_over_time");
}

}  // namespace pare::cost
