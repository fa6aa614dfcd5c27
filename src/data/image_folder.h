#pragma once

#include <string>

#include "data/labelled_images.h"

namespace pare::data {

/// A folder of PNG images with one folder a class: the classes are the folders in the order of
/// their names, the images of each come in the order of theirs. Files and folders whose name starts
/// with a dot are passed over.
/// Throws InputError naming the file or folder: no folders of classes, one without images, files
/// that are no PNG images, images of another size, number of channels or bits than the first.
LabelledImages read_image_folder(const std::string& path);

}  // namespace pare::data
