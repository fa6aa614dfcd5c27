#pragma once

#include <cstdint>

#include "data/catalogue.h"
#include "data/scene.h"
#include "data/synthetic.h"

namespace pare::data {

/// A computed scene: fields, each around a random site and of one class in turn, that meet half-way
/// between their sites (a Voronoi diagram), four sites a class.
///
/// The spectrum of a class is 0.3 plus three Gaussian bumps over the bands, of random heights,
/// centres and widths. With d1 <= d2 the distances of a pixel to the nearest site and to the
/// nearest of another class, its cube is
///
///   x_b = g (w s_1b + (1 - w) s_2b) + 0.02 e_b,     w = 1 / (1 + exp(d1 - d2)),
///
/// with brightness g ~ N(1, 0.1²) of the pixel and noise e ~ N(0, 1): at borders spectra mix.
/// Pixels with d2 - d1 < 1 are unlabelled. The shape and the classes are those of the catalogue;
/// spectra and sites belong to the problem, noise and brightness to `seed`. REQUIRES: set.scene.
Scene make_synthetic_scene(const CatalogueSet& set, std::uint64_t seed = kSyntheticSeed);

}  // namespace pare::data
