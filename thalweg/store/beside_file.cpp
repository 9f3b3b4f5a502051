#include "thalweg/store/beside_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "thalweg/record/error.h"

namespace thalweg {

BesideFile::BesideFile(std::filesystem::path file)
    : file_(std::move(file)), beside_(file_.string() + ".part-" + std::to_string(getpid())) {
  stream_ = std::fopen(beside_.c_str(), "wbe");
  if (stream_ == nullptr) fail("create");
}

BesideFile::~BesideFile() {
  if (stream_ == nullptr) return;
  std::fclose(stream_);
  unlink(beside_.c_str());
}

void BesideFile::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stream_) != text.size()) fail("write");
}

void BesideFile::commit() {
  if (std::fflush(stream_) != 0 || fsync(fileno(stream_)) != 0) fail("write");
  if (std::rename(beside_.c_str(), file_.c_str()) != 0) fail("create");
  std::fclose(std::exchange(stream_, nullptr));
}

void BesideFile::fail(const char* what) const {
  const int error = errno;
  throw IoError(std::string("cannot ") + what + " '" + printable(file_.string(), 4096) + "': " + std::strerror(error));
}

}  // namespace thalweg
