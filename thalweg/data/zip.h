// The members of a zip file, as numpy writes them: stored or deflated, with zip64 where large.
// PKWARE APPNOTE 6.3: end of central directory, central directory, local headers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "thalweg/data/bytes.h"

namespace thalweg {

struct ZipMember {
  std::string name;
  Bytes packed;
  bool deflated = false;
  std::size_t size = 0;  // unpacked
  std::uint32_t crc = 0;
};

// InputErrors: no zip file, cut short, offsets outside it, an encrypted member or an unknown method, the same name
// twice.
std::vector<ZipMember> zip_members(const Bytes& file, const std::string& name);

}  // namespace thalweg
