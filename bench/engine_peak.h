#pragma once

namespace pare::bench {

/// Operations a second (a product and a sum are two) of vpdpbusd on 512 bits, by instructions that
/// wait for nothing, in 10^9; 0 where the machine has no such instruction.
double peak_gops();

}  // namespace pare::bench
