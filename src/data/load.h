#pragma once

#include "data/dataset.h"
#include "data/request.h"

namespace pare::data {

/// Reads the files of a request, or computes a synthetic set, and splits the samples. In this
/// order: labels of the training file (and of a given validation file) are noised; the validation
/// part is split off; the training part is cut to max_train_samples; statistics are taken.
///
/// Of a scene samples are cut and split as load_scene() says.
///
/// With Standardise::kEachFile the result's `standardisation` holds the statistics of the whole
/// training file, and the inputs of every other file are mapped beforehand so that applying it
/// gives them standardised by their own statistics.
///
/// Throws InputError naming the file and the array, row or column: files missing or broken, inputs
/// that are not finite, labels out of range, shapes that do not fit each other, a split that the
/// data do not have.
Dataset load(const Request& request);

}  // namespace pare::data
