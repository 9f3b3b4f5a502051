#include "thalweg/data/idx.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "thalweg/data/inflate.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

std::uint8_t byte(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

at::ScalarType type_of(std::string_view magic, const std::string& name) {
  if (byte(magic, 0) == 0 && byte(magic, 1) == 0) {
    switch (byte(magic, 2)) {
      case 0x08:
        return at::kByte;
      case 0x09:
        return at::kChar;
      case 0x0b:
        return at::kShort;
      case 0x0c:
        return at::kInt;
      case 0x0d:
        return at::kFloat;
      case 0x0e:
        return at::kDouble;
      default:
        break;
    }
  }
  throw InputError(
      fmt::format("{}: begins with bytes {:02x} {:02x} {:02x} {:02x}, which is no idx file; one begins with 00 00, a "
                  "type (08, 09, 0b, 0c, "
                  "0d or 0e) and the number of axes",
                  name, byte(magic, 0), byte(magic, 1), byte(magic, 2), byte(magic, 3)));
}

// Fills in all but the bytes. `lengths`: four big-endian bytes for each axis.
void read_lengths(std::string_view lengths, Array& array) {
  for (std::size_t i = 0; i < lengths.size(); i += 4) {
    array.shape.push_back(std::int64_t{byte(lengths, i)} << 24 | byte(lengths, i + 1) << 16 |
                          byte(lengths, i + 2) << 8 | byte(lengths, i + 3));
  }
}

std::size_t payload(const Array& array) {
  const std::size_t size = c10::elementSize(array.type);
  const std::int64_t elements = checked_elements(array.shape, size);
  if (elements < 0) {
    throw InputError(fmt::format("{}: the header claims the shape {}, more than any file holds", array.name,
                                 shown_shape(array.shape)));
  }
  return static_cast<std::size_t>(elements) * size;
}

Array plain(const Bytes& file, Array array, std::size_t axes) {
  const std::size_t head = 4 + 4 * axes;
  if (file.view.size() < head) throw InputError(fmt::format("{}: ends inside its header", array.name));
  read_lengths(file.view.substr(4, 4 * axes), array);
  const std::size_t size = payload(array), there = file.view.size() - head;
  if (size != there) {
    throw InputError(fmt::format("{}: the header says {} = {} bytes of data, but {} follow; {}", array.name,
                                 shown_shape(array.shape), size, there,
                                 there < size ? "the file is cut short" : "the file has trailing data"));
  }
  array.bytes = file.part(head, size);
  return array;
}

Array unpacked(Inflater& inflater, std::size_t packed_size, Array array, std::size_t axes, std::size_t limit) {
  std::string lengths(4 * axes, '\0');
  inflater.read_exactly(lengths.data(), lengths.size());
  read_lengths(lengths, array);
  const std::size_t size = payload(array);
  if (size / Inflater::kLargestRatio > packed_size) {
    throw InputError(fmt::format("{}: the header claims {} = {} bytes, more than {} compressed bytes can hold",
                                 array.name, shown_shape(array.shape), size, packed_size));
  }
  if (static_cast<std::size_t>(array.bytes_as_float()) > limit) {
    throw InputError(
        fmt::format("{}: {} takes {} MiB, above data.memory = {}; unpack it with gunzip (plain idx files are "
                    "mapped instead of loaded), or raise data.memory",
                    array.name, shown_shape(array.shape), array.bytes_as_float() >> 20, limit >> 20U));
  }
  const Buffer buffer = make_buffer(size);
  inflater.read_exactly(buffer.data, size);
  inflater.expect_end();
  array.bytes = buffer.bytes;
  return array;
}

const char* const kPrefixes[] = {"train", "t10k"};

// The usual name, plain or packed, in any of its spellings; empty where there is none.
fs::path usual(const fs::path& folder, const std::string& prefix, const std::string& what) {
  for (const char* separator : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      fs::path file = folder / (prefix + "-" + what.substr(0, 6) + separator + what.substr(6) + ending);
      std::error_code ignored;
      if (fs::exists(file, ignored)) return file;
    }
  }
  return {};
}

std::optional<IdxPair> usual_pair(const fs::path& folder, const std::string& prefix) {
  IdxPair pair{usual(folder, prefix, "imagesidx3-ubyte"), usual(folder, prefix, "labelsidx1-ubyte")};
  if (pair.inputs.empty() && pair.targets.empty()) return std::nullopt;
  if (pair.inputs.empty() || pair.targets.empty()) {
    const fs::path& one = pair.inputs.empty() ? pair.targets : pair.inputs;
    throw IoError(fmt::format("{}: lies there without the file of {} to it; expected {}-{}-ubyte or the same with .gz",
                              shown(one), pair.inputs.empty() ? "images" : "labels", prefix,
                              pair.inputs.empty() ? "images-idx3" : "labels-idx1"));
  }
  return pair;
}

void replace(std::string& text, std::string_view from, std::string_view to) {
  const std::size_t at = text.rfind(from);
  if (at != std::string::npos) text.replace(at, from.size(), to);
}

IdxPair beside(const fs::path& images) {
  std::string name = images.filename().string();
  if (name.find("images") == std::string::npos) {
    throw UsageError(
        fmt::format("data.path = {}: an idx file of inputs has 'images' in its name, as its labels' file has "
                    "'labels'; or name their folder",
                    shown(images)));
  }
  replace(name, "images", "labels");
  replace(name, "idx3", "idx1");
  std::string other = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name + ".gz";
  for (const std::string& candidate : {name, other}) {
    std::error_code ignored;
    if (fs::exists(images.parent_path() / candidate, ignored)) return {images, images.parent_path() / candidate};
  }
  throw IoError(fmt::format("{}: its labels were looked for in {} and {}, and are in neither", shown(images),
                            shown(images.parent_path() / name), shown(other)));
}

}  // namespace

Array read_idx(const fs::path& file, std::size_t limit) {
  const Bytes bytes = map_file(file);
  Array array;
  array.name = shown(file);
  if (bytes.view.empty()) throw InputError(fmt::format("{}: is empty", array.name));
  const bool packed = is_gzip(bytes.view);
  std::string magic(4, '\0');
  std::optional<Inflater> inflater;
  if (packed) {
    inflater.emplace(bytes.view, Inflater::Kind::gzip, array.name);
    inflater->read_exactly(magic.data(), magic.size());
  } else if (bytes.view.size() < magic.size()) {
    throw InputError(fmt::format("{}: has {} bytes, too few for an idx file", array.name, bytes.view.size()));
  } else {
    magic = bytes.view.substr(0, magic.size());
  }
  array.type = type_of(magic, array.name);
  array.swapped = c10::elementSize(array.type) > 1;  // big-endian; all that LibTorch runs on is little-endian
  const std::size_t axes = byte(magic, 3);
  if (axes == 0) throw InputError(fmt::format("{}: has no axes, and so no rows", array.name));
  return packed ? unpacked(*inflater, bytes.view.size(), std::move(array), axes, limit)
                : plain(bytes, std::move(array), axes);
}

IdxFiles find_idx(const fs::path& path) {
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return {beside(path), std::nullopt};
  std::optional<IdxPair> train = usual_pair(path, kPrefixes[0]);
  if (!train) {
    throw IoError(fmt::format("{}: has no train-images-idx3-ubyte and train-labels-idx1-ubyte (or the same with .gz)",
                              shown(path)));
  }
  return {*train, usual_pair(path, kPrefixes[1])};
}

}  // namespace thalweg
