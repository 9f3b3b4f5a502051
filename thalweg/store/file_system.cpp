#include "thalweg/store/file_system.h"

#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "thalweg/record/error.h"

namespace thalweg {

bool is_network_file_system(std::uint32_t magic) {
  constexpr std::array<std::uint32_t, 18> kNetwork = {
      0x6969,      // NFS
      0x517B,      // SMB
      0xFF534D42,  // CIFS
      0xFE534D42,  // SMB 2
      0x65735546,  // FUSE: SSHFS, GlusterFS, S3, virtiofs
      0x01021997,  // 9P
      0x00C36400,  // Ceph
      0x5346414F,  // OpenAFS
      0x6B414653,  // AFS of the kernel
      0x73757245,  // Coda
      0x564C,      // NCP
      0x47504653,  // GPFS
      0x0BD00BD0,  // Lustre
      0x7461636F,  // OCFS2
      0x01161970,  // GFS2
      0x19830326,  // BeeGFS
      0xAAD7AAEA,  // PanFS
      0x20030528,  // OrangeFS
  };
  return std::find(kNetwork.begin(), kNetwork.end(), magic) != kNetwork.end();
}

bool is_on_network(const std::filesystem::path& folder) {
  struct statfs info {};
  if (statfs(folder.c_str(), &info) != 0) {
    throw IoError("cannot look at the folder '" + printable(folder.string(), 4096) + "': " + std::strerror(errno));
  }
  return is_network_file_system(static_cast<std::uint32_t>(info.f_type));
}

}  // namespace thalweg
