#include "thalweg/record/signal.h"

namespace thalweg {

std::string_view name(DepthVerdict verdict) {
  switch (verdict) {
    case DepthVerdict::passes:
      return "passes";
    case DepthVerdict::too_deep:
      return "too_deep";
    case DepthVerdict::cannot_tell:
      break;
  }
  return "cannot_tell";
}

}  // namespace thalweg
