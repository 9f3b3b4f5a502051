// For programs that use Thalweg as a library: #include <thalweg/watch.h>.
#pragma once

#include "thalweg/train/watch.h"
