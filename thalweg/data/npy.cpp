#include "thalweg/data/npy.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "thalweg/data/inflate.h"
#include "thalweg/data/zip.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

constexpr std::size_t kPrelude = 8;                // magic and version
constexpr std::size_t kLongestHeader = 64 * 1024;  // an array of numbers needs some hundred bytes

// The length of the field that gives the header's length: 2 bytes in version 1, 4 in 2 and 3.
std::size_t length_bytes(std::string_view prelude, const std::string& name) {
  if (!prelude.starts_with("\x93NUMPY"))
    throw InputError(fmt::format("{}: is no npy file: it does not begin as one", name));
  const auto version = static_cast<unsigned char>(prelude[6]);
  if (version < 1 || version > 3) {
    throw InputError(fmt::format("{}: is an npy file of version {}; 1 to 3 are read", name, version));
  }
  return version == 1 ? 2 : 4;
}

std::size_t header_length(std::string_view field, const std::string& name) {
  std::size_t length = 0;
  for (std::size_t i = field.size(); i > 0; --i) length = length << 8U | static_cast<unsigned char>(field[i - 1]);
  if (length > kLongestHeader) {
    throw InputError(fmt::format("{}: claims a header of {} bytes; at most {} are read", name, length, kLongestHeader));
  }
  return length;
}

void check_memory(const NpyHeader& header, const std::string& name, const char* why, std::size_t limit) {
  const std::size_t needed = std::max(header.bytes, header.bytes / c10::elementSize(header.type) * sizeof(float));
  if (needed <= limit) return;
  throw InputError(
      fmt::format("{}: {} takes {} MiB, above data.memory = {}; {}, which is mapped instead of loaded, or raise "
                  "data.memory",
                  name, shown_shape(header.shape), needed >> 20U, limit >> 20U, why));
}

Array make_array(const NpyHeader& header, Bytes data, std::string name, std::size_t limit) {
  if (header.shape.empty())
    throw InputError(fmt::format("{}: is a single number; its first axis should be the rows", name));
  Array array{std::move(data), header.type, header.swapped, header.shape, std::move(name)};
  if (!header.fortran || header.shape.size() == 1) return array;
  check_memory(header, array.name, "save it in C order (numpy.ascontiguousarray)", limit);
  std::reverse(array.shape.begin(), array.shape.end());
  const at::Tensor transposed = array.all();
  std::vector<std::int64_t> axes(array.shape.size());
  for (std::size_t i = 0; i < axes.size(); ++i) axes[i] = static_cast<std::int64_t>(axes.size() - 1 - i);
  return to_array(transposed.permute(axes), array.name);
}

// A whole npy file that lies in memory or is mapped.
Array plain_array(const Bytes& file, const std::string& name, std::size_t limit) {
  const auto need = [&](std::size_t size) {
    if (file.view.size() < size) throw InputError(fmt::format("{}: ends inside its npy header", name));
  };
  need(kPrelude);
  const std::size_t field = length_bytes(file.view, name);
  need(kPrelude + field);
  const std::size_t start = kPrelude + field, length = header_length(file.view.substr(kPrelude, field), name);
  need(start + length);
  const NpyHeader header = parse_npy_header(file.view.substr(start, length), name);
  const std::size_t there = file.view.size() - start - length;
  if (there != header.bytes) {
    throw InputError(fmt::format("{}: the header says {} = {} bytes of data, but {} follow; {}", name,
                                 shown_shape(header.shape), header.bytes, there,
                                 there < header.bytes ? "the file is cut short" : "the file has trailing data"));
  }
  return make_array(header, file.part(start + length, header.bytes), name, limit);
}

// Reads a deflated member and keeps its checksum.
class MemberReader {
 public:
  MemberReader(const ZipMember& member, const std::string& name)
      : inflater_(member.packed.view, Inflater::Kind::raw, name) {}
  std::string take(std::size_t size) {
    std::string result(size, '\0');
    take_into(result.data(), size);
    return result;
  }
  void take_into(char* out, std::size_t size) {
    inflater_.read_exactly(out, size);
    crc_ = crc32_z(crc_, reinterpret_cast<const Bytef*>(out), size);
  }
  void finish(std::uint32_t crc, const std::string& name) {
    inflater_.expect_end();
    if (crc != crc_) throw InputError(fmt::format("{}: its checksum is wrong; the file is damaged", name));
  }

 private:
  Inflater inflater_;
  unsigned long crc_ = 0;
};

Array deflated_array(const ZipMember& member, const std::string& name, std::size_t limit) {
  MemberReader reader(member, name);
  const std::size_t field = length_bytes(reader.take(kPrelude), name);
  const NpyHeader header = parse_npy_header(reader.take(header_length(reader.take(field), name)), name);
  if (header.bytes / Inflater::kLargestRatio > member.packed.view.size()) {
    throw InputError(fmt::format("{}: claims {} bytes, more than {} compressed bytes can hold", name, header.bytes,
                                 member.packed.view.size()));
  }
  check_memory(header, name, "save it with numpy.savez (uncompressed)", limit);
  const Buffer buffer = make_buffer(header.bytes);
  reader.take_into(buffer.data, header.bytes);
  reader.finish(member.crc, name);
  return make_array(header, buffer.bytes, name, limit);
}

Array stored_array(const ZipMember& member, const std::string& name, std::size_t limit) {
  const std::string_view bytes = member.packed.view;
  // What is to be mapped is not read through for its checksum.
  if (bytes.size() <= limit && crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != member.crc) {
    throw InputError(fmt::format("{}: its checksum is wrong; the file is damaged", name));
  }
  return plain_array(member.packed, name, limit);
}

}  // namespace

Array read_npy(const std::filesystem::path& file, std::size_t limit) {
  const Bytes bytes = map_file(file);
  if (bytes.view.empty()) throw InputError(fmt::format("{}: is empty", shown(file)));
  return plain_array(bytes, shown(file), limit);
}

struct Npz::Member : ZipMember {};

Npz::Npz(const std::filesystem::path& file, std::size_t limit) : name_(shown(file)), limit_(limit) {
  const Bytes bytes = map_file(file);
  if (bytes.view.empty()) throw InputError(fmt::format("{}: is empty", name_));
  for (ZipMember& member : zip_members(bytes, name_)) {
    std::string array = member.name;
    if (array.ends_with(".npy")) array.resize(array.size() - 4);
    members_[array] = std::make_shared<const Member>(Member{std::move(member)});
  }
}

bool Npz::has(const std::string& array) const { return members_.contains(array); }

Array Npz::read(const std::string& array) const {
  const auto found = members_.find(array);
  if (found == members_.end()) {
    std::vector<std::string> names;
    for (const auto& [name, member] : members_) names.push_back(printable(name, 40));
    throw InputError(fmt::format("{}: has no array {}; it has {}", name_, array,
                                 names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
  }
  const std::string name = fmt::format("{}: array {}", name_, array);
  const ZipMember& member = *found->second;
  return member.deflated ? deflated_array(member, name, limit_) : stored_array(member, name, limit_);
}

}  // namespace thalweg
