// Files that were damaged at random: whatever comes, it is read or refused with an Error; nothing crashes, hangs or
// takes memory that the file could not fill.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>

#include "files.h"
#include "thalweg/data/dataset.h"
#include "thalweg/data/random.h"
#include "thalweg/data/safetensors.h"
#include "thalweg/record/error.h"

namespace thalweg {
namespace {

// While it lives, no more than half a gigabyte can be added to what the process has: a bomb becomes bad_alloc, which is
// no Error.
class MemoryLimit {
 public:
  MemoryLimit() {
    ::getrlimit(RLIMIT_DATA, &before_);
    std::ifstream status("/proc/self/status");
    std::size_t kilobytes = 0;
    for (std::string word; status >> word && word != "VmData:";) {
    }
    status >> kilobytes;
    EXPECT_GT(kilobytes, 0U);
    rlimit now = before_;
    now.rlim_cur = (kilobytes << 10U) + (std::size_t{512} << 20U);
    ::setrlimit(RLIMIT_DATA, &now);
  }
  ~MemoryLimit() { ::setrlimit(RLIMIT_DATA, &before_); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  rlimit before_{};
};

std::string damaged(std::string bytes, Random& random) {
  const std::uint64_t changes = 1 + random.below(3);
  for (std::uint64_t i = 0; i < changes && !bytes.empty(); ++i) {
    const std::size_t at = random.below(bytes.size());
    switch (random.below(6)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(random.below(2) * 255);
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), random.below(20)));
        break;
      case 4:
        bytes.erase(at, 1 + random.below(8));
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
    }
  }
  return bytes;
}

// Loads `file` of the folder many times, damaged in other ways each time.
void attack(const std::string& name, const std::string& valid, recipe::Data data, const TestFolder& folder,
            int times = 1000) {
  const MemoryLimit limit;
  folder.write(name, valid);
  ASSERT_NO_THROW(load_dataset(data, 0, folder.path())) << "the undamaged file is read";
  Random random(11, Stream::synthetic);
  int refused = 0;
  for (int i = 0; i < times; ++i) {
    const std::string bytes = damaged(valid, random);
    folder.write(name, bytes);
    try {
      const Dataset dataset = load_dataset(data, 0, folder.path());
      EXPECT_GT(dataset.train->slice(0, dataset.train->rows()).rows, 0);
    } catch (const Error& error) {
      ++refused;
      EXPECT_GT(std::string(error.what()).size(), 10U);
    } catch (const std::exception& error) {
      FAIL() << name << ", damage " << i << ": " << error.what();
    }
  }
  EXPECT_GT(refused, times / 10);
}

const std::string kArray = npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4, 3), }", std::string(48, '\x3f'));
const std::string kFortran = npy("{'descr': '>i2', 'fortran_order': True, 'shape': (4, 3), }", std::string(24, '\2'));
const std::string kLabels = npy("{'descr': '<i8', 'fortran_order': False, 'shape': (4,), }", std::string(32, '\0'));

TEST(Hostile, Idx) {
  for (const bool packed : {false, true}) {
    const TestFolder folder;
    const std::string images = idx(0x08, {4, 2, 2}, "abcdefghijklmnop"),
                      labels = idx(0x08, {4}, std::string{0, 1, 0, 1});
    const std::string ending = packed ? ".gz" : "";
    const auto written = [&](const std::string& bytes) { return packed ? gzip(bytes) : bytes; };
    folder.write("train-images-idx3-ubyte" + ending, written(images));
    attack("train-labels-idx1-ubyte" + ending, written(labels), data_of(recipe::Format::idx, "."), folder);
    folder.write("train-labels-idx1-ubyte" + ending, written(labels));
    attack("train-images-idx3-ubyte" + ending, written(images), data_of(recipe::Format::idx, "."), folder);
  }
}

TEST(Hostile, Npy) {
  const TestFolder folder;
  folder.write("y.npy", kLabels);
  recipe::Data data = data_of(recipe::Format::npy, "");
  data.inputs = "x.npy";
  data.targets_path = "y.npy";
  attack("x.npy", kArray, data, folder);
  attack("x.npy", kFortran, data, folder);
}

TEST(Hostile, Npz) {
  const TestFolder folder;
  for (const bool deflated : {false, true}) {
    attack("a.npz", zip({{"x.npy", kArray, deflated}, {"y.npy", kLabels, deflated}}),
           data_of(recipe::Format::npz, "a.npz"), folder);
  }
}

TEST(Hostile, Safetensors) {
  const TestFolder folder;
  write_safetensors(folder.path() / "valid", {{"x", at::ones({4, 3})}, {"y", at::tensor({0, 1, 0, 1}, at::kLong)}},
                    {{"a", "b"}});
  attack("a.safetensors", read_bytes(folder.path() / "valid"), data_of(recipe::Format::safetensors, "a.safetensors"),
         folder);
}

TEST(Hostile, Csv) {
  const TestFolder folder;
  recipe::Data data = data_of(recipe::Format::csv, "a.csv");
  data.target_columns = {"y"};
  data.categorical = {"c"};
  attack("a.csv", "a,\"b\",c,y\r\n1,2.5,\"red, green\",0\r\n-3e2,4,\"b\"\"lue\",1\r\n5,6,red,0\r\n", data, folder);
}

TEST(Hostile, Text) {
  const TestFolder folder;
  recipe::Data data;
  data.format = recipe::Format::text;
  data.path = "a.txt";
  data.context = 3;
  data.test = data.validation = 0.2;
  attack("a.txt", "Größe und Maß — 山川 🏔 äöü", data, folder);
  attack("a.txt", gzip("Größe und Maß — 山川 🏔 äöü"), data, folder, 500);
}

}  // namespace
}  // namespace thalweg
