#include "files.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "test_paths.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace fs = std::filesystem;
namespace {

std::string compress_with(std::string_view bytes, int window) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TestFolder::TestFolder() {
  std::string name = (fs::temp_directory_path() / "thalweg-data-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw IoError("cannot make a folder for the test");
  path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path TestFolder::write(const std::string& name, std::string_view bytes) const {
  fs::create_directories((path_ / name).parent_path());
  fs::remove(path_ / name);  // a new file: an old one may be mapped, and some disks are slow to overwrite
  std::ofstream(path_ / name, std::ios::binary) << bytes;
  return path_ / name;
}

std::string read_bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string gzip(std::string_view bytes) { return compress_with(bytes, MAX_WBITS + 16); }
std::string deflate(std::string_view bytes) { return compress_with(bytes, -MAX_WBITS); }

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xffU);
  return out;
}

std::string big_endian(std::uint64_t value, int bytes) {
  std::string out = little_endian(value, bytes);
  return {out.rbegin(), out.rend()};
}

std::string idx(std::uint8_t type, const std::vector<std::uint32_t>& shape, std::string_view data) {
  std::string out = {'\0', '\0', static_cast<char>(type), static_cast<char>(shape.size())};
  for (const std::uint32_t length : shape) out += big_endian(length, 4);
  return out += data;
}

std::string npy(std::string_view header, std::string_view data, int version) {
  std::string out = "\x93NUMPY";
  out += {static_cast<char>(version), '\0'};
  out += little_endian(header.size(), version == 1 ? 2 : 4);
  return out.append(header).append(data);
}

std::string safetensors(std::string_view header, std::string_view data) {
  return little_endian(header.size(), 8).append(header).append(data);
}

std::string zip(const std::vector<TestMember>& members) {
  std::string out, directory;
  for (const TestMember& member : members) {
    const std::string packed = member.deflated ? deflate(member.bytes) : member.bytes;
    const std::string common = little_endian(20, 2) + little_endian(0, 2) + little_endian(member.deflated ? 8 : 0, 2) +
                               little_endian(0, 4) + little_endian(crc_of(member.bytes), 4) +
                               little_endian(packed.size(), 4) + little_endian(member.bytes.size(), 4) +
                               little_endian(member.name.size(), 2) + little_endian(0, 2);
    directory += little_endian(0x02014b50, 4) + little_endian(20, 2) + common + little_endian(0, 10) +
                 little_endian(out.size(), 4) + member.name;
    out += little_endian(0x04034b50, 4) + common + member.name + packed;
  }
  const std::size_t start = out.size();
  return out + directory + little_endian(0x06054b50, 4) + little_endian(0, 4) + little_endian(members.size(), 2) +
         little_endian(members.size(), 2) + little_endian(directory.size(), 4) + little_endian(start, 4) +
         little_endian(0, 2);
}

void run_python(const std::string& script, const std::vector<std::string>& arguments) {
  std::string command = fmt::format("'{}' '{}/tests/data/{}'", test_paths::kPython, test_paths::kSource, script);
  for (const std::string& argument : arguments) command += fmt::format(" '{}'", argument);
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
}

template <class Expected>
std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Expected& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find('\n'), std::string::npos) << "more than one line: " << message;
    return message;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another error: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no error";
  return "";
}
template std::string message_of<InputError>(const std::function<void()>&);
template std::string message_of<IoError>(const std::function<void()>&);
template std::string message_of<UsageError>(const std::function<void()>&);

recipe::Data data_of(recipe::Format format, const std::string& path) {
  recipe::Data data;
  data.format = format;
  data.path = path;
  data.test = 0.0;
  data.validation = 0.0;
  data.input_scaling = {recipe::Scaling::none, 1.0};
  return data;
}

}  // namespace thalweg
