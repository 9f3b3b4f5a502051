#include "thalweg/record/connection.h"

namespace thalweg {

std::string_view name(ConnectionVerdict verdict) {
  switch (verdict) {
    case ConnectionVerdict::same:
      return "same";
    case ConnectionVerdict::apart:
      return "apart";
    case ConnectionVerdict::cannot_tell:
      break;
  }
  return "cannot_tell";
}

}  // namespace thalweg
