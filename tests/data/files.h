// Files for the tests: a folder that is removed, and small files of every format, right or wrong.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "thalweg/recipe/recipe.h"

namespace thalweg {

class TestFolder {
 public:
  TestFolder();
  ~TestFolder();
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
};

std::string read_bytes(const std::filesystem::path& file);
std::string gzip(std::string_view bytes);
std::string deflate(std::string_view bytes);  // raw, as in zip files
std::uint32_t crc_of(std::string_view bytes);

std::string little_endian(std::uint64_t value, int bytes);
std::string big_endian(std::uint64_t value, int bytes);

// `type`: 0x08 for bytes. `data`: what follows the header.
std::string idx(std::uint8_t type, const std::vector<std::uint32_t>& shape, std::string_view data);
std::string npy(std::string_view header, std::string_view data, int version = 1);
std::string safetensors(std::string_view header, std::string_view data);

struct TestMember {
  std::string name;
  std::string bytes;
  bool deflated = false;
};
std::string zip(const std::vector<TestMember>& members);

// Runs a script of the tests with Python, and fails the test where that fails.
void run_python(const std::string& script, const std::vector<std::string>& arguments);

// What the error says that `action` throws; "" and a failed test where it throws none of that type.
template <class Expected>
std::string message_of(const std::function<void()>& action);

recipe::Data data_of(recipe::Format format, const std::string& path);

}  // namespace thalweg
