// The version of this Thalweg. CMakeLists.txt reads it from here.
#pragma once

namespace thalweg {
inline constexpr char kVersion[] = "0.1.0";
}  // namespace thalweg
