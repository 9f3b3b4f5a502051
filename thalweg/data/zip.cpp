#include "thalweg/data/zip.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "thalweg/record/error.h"

namespace thalweg {
namespace {

constexpr std::uint32_t kEndSignature = 0x06054b50, kEnd64Signature = 0x06064b50, kLocator64Signature = 0x07064b50;
constexpr std::uint32_t kCentralSignature = 0x02014b50, kLocalSignature = 0x04034b50;
constexpr std::size_t kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20, kCentralSize = 46, kLocalSize = 30;
constexpr std::uint64_t kIn64 = 0xffffffffU;  // the true number is in the zip64 field

// A zip file under a reader that never leaves it.
class Zip {
 public:
  Zip(const Bytes& file, const std::string& name) : file_(file), name_(name) {}

  std::vector<ZipMember> members() const;

 private:
  struct Directory {
    std::uint64_t entries, offset;
  };

  [[noreturn]] void fail(const std::string& what) const { throw InputError(fmt::format("{}: {}", name_, what)); }
  std::string_view bytes(std::uint64_t at, std::uint64_t count) const {
    if (at > file_.view.size() || count > file_.view.size() - at)
      fail("is cut short, or its directory points outside it");
    return file_.view.substr(at, count);
  }
  // A little-endian number of `count` bytes.
  std::uint64_t number(std::uint64_t at, int count) const {
    const std::string_view raw = bytes(at, static_cast<std::uint64_t>(count));
    std::uint64_t value = 0;
    for (int i = count - 1; i >= 0; --i)
      value = value << 8U | static_cast<unsigned char>(raw[static_cast<std::size_t>(i)]);
    return value;
  }
  Directory directory() const;
  void read_zip64(std::uint64_t extra, std::uint64_t length, std::uint64_t& size, std::uint64_t& packed,
                  std::uint64_t& offset) const;
  ZipMember member(std::uint64_t entry) const;

  const Bytes& file_;
  const std::string& name_;
};

Zip::Directory Zip::directory() const {
  const std::string_view all = file_.view;
  if (all.size() < kEndSize) fail("is no zip file: too short");
  constexpr std::size_t kLongestComment = 0xffff;
  const std::size_t first = all.size() - std::min(all.size(), kEndSize + kLongestComment);
  std::size_t end = all.size() - kEndSize;
  while (number(end, 4) != kEndSignature) {
    if (end == first) fail("is no zip file, or is cut short: its directory is missing");
    --end;
  }
  Directory result{number(end + 10, 2), number(end + 16, 4)};
  if (result.entries == 0xffff || result.offset == kIn64) {
    if (end < kLocatorSize || number(end - kLocatorSize, 4) != kLocator64Signature) return result;
    const std::uint64_t end64 = number(end - kLocatorSize + 8, 8);
    if (number(end64, 4) != kEnd64Signature || bytes(end64, kEnd64Size).empty()) fail("its zip64 directory is damaged");
    result = {number(end64 + 32, 8), number(end64 + 48, 8)};
  }
  return result;
}

// Of the sizes and the offset, those that did not fit 32 bits stand in the extra field 1, in this order.
void Zip::read_zip64(std::uint64_t extra, std::uint64_t length, std::uint64_t& size, std::uint64_t& packed,
                     std::uint64_t& offset) const {
  const std::uint64_t end = extra + length;
  while (extra + 4 <= end) {
    const std::uint64_t id = number(extra, 2), field_end = extra + 4 + number(extra + 2, 2);
    std::uint64_t at = extra + 4;
    if (id == 1) {
      for (std::uint64_t* value : {&size, &packed, &offset}) {
        if (*value != kIn64 || at + 8 > field_end) continue;
        *value = number(at, 8);
        at += 8;
      }
    }
    extra = field_end;
  }
}

ZipMember Zip::member(std::uint64_t entry) const {
  if (number(entry, 4) != kCentralSignature) fail("its directory is damaged");
  const std::uint64_t flags = number(entry + 8, 2), method = number(entry + 10, 2);
  std::uint64_t packed = number(entry + 20, 4), size = number(entry + 24, 4), offset = number(entry + 42, 4);
  const std::uint64_t name_length = number(entry + 28, 2);
  ZipMember result;
  result.name = bytes(entry + kCentralSize, name_length);
  read_zip64(entry + kCentralSize + name_length, number(entry + 30, 2), size, packed, offset);
  const std::string shown_name = printable(result.name);
  if ((flags & 1U) != 0) fail(fmt::format("member {} is encrypted", shown_name));
  if (method != 0 && method != 8)
    fail(fmt::format("member {} has compression method {}; 0 and 8 are read", shown_name, method));
  if (number(offset, 4) != kLocalSignature)
    fail(fmt::format("member {} does not lie where the directory says", shown_name));
  const std::uint64_t start = offset + kLocalSize + number(offset + 26, 2) + number(offset + 28, 2);
  bytes(start, packed);
  result.packed = file_.part(start, packed);
  result.deflated = method == 8;
  result.size = size;
  result.crc = static_cast<std::uint32_t>(number(entry + 16, 4));
  if (!result.deflated && packed != size) fail(fmt::format("member {} is stored, yet has two sizes", shown_name));
  return result;
}

std::vector<ZipMember> Zip::members() const {
  const Directory found = directory();
  std::vector<ZipMember> result;
  std::set<std::string> names;
  std::uint64_t entry = found.offset;
  for (std::uint64_t i = 0; i < found.entries; ++i) {
    result.push_back(member(entry));
    if (!names.insert(result.back().name).second) fail(fmt::format("has {} twice", printable(result.back().name)));
    entry += kCentralSize + number(entry + 28, 2) + number(entry + 30, 2) + number(entry + 32, 2);
  }
  return result;
}

}  // namespace

std::vector<ZipMember> zip_members(const Bytes& file, const std::string& name) { return Zip(file, name).members(); }

}  // namespace thalweg
