// The one source of pare_torch_pch: the target exists for its precompiled header.
#include "nn/torch_pch.h"
