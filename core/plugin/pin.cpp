// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "digest/sha256.hpp"
#include "plugin/trust.hpp"

namespace kxf {
namespace {

constexpr std::size_t digest_bytes = 32;

tl::unexpected<Error> copy_error(std::string_view step) {
  return refuse(fmt::format("cannot make a sealed copy to check its pin ({}: {})", step,
                            std::strerror(errno)),
                "free memory, or take the pin out of the profile");
}

Result<OpenFile> sealed_copy(int file, std::size_t size_bytes) {
  OpenFile copy(memfd_create("kxf-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!copy.open()) return copy_error("memfd_create");
  off_t at = 0;
  while (static_cast<std::size_t>(at) < size_bytes) {
    const ssize_t copied =
        sendfile(copy.get(), file, &at, size_bytes - static_cast<std::size_t>(at));
    if (copied < 0) return copy_error("sendfile");
    if (copied == 0) break;  // it shrank meanwhile: the digest will tell
  }
  constexpr int all_seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
  if (fcntl(copy.get(), F_ADD_SEALS, all_seals) != 0) return copy_error("F_ADD_SEALS");
  return copy;
}

Result<std::string> sha256_of(int file) {
  struct stat status {};
  if (fstat(file, &status) != 0) return copy_error("fstat");
  const auto size_bytes = static_cast<std::size_t>(status.st_size);
  if (size_bytes == 0) return refuse("is empty");
  void* const mapped = mmap(nullptr, size_bytes, PROT_READ, MAP_PRIVATE, file, 0);
  if (mapped == MAP_FAILED) return copy_error("mmap");
  const auto digest = sha256({static_cast<const std::uint8_t*>(mapped), size_bytes});
  munmap(mapped, size_bytes);
  if (!digest) return pass(Result<Sha256>(digest), "SHA-256");
  return fmt::format("{:02x}", fmt::join(*digest, ""));
}

}  // namespace

Result<OpenFile> pinned_copy(const OpenFile& file, std::string_view sha256) {
  const bool well_formed =
      sha256.size() == 2 * digest_bytes && std::ranges::all_of(sha256, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
      });
  if (!well_formed)
    return refuse(fmt::format("its pin \"{}\" is not a SHA-256 in lower-case hexadecimal", sha256),
                  "put the output of sha256sum into the profile");
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return copy_error("fstat");
  KXF_TRY(copy, sealed_copy(file.get(), static_cast<std::size_t>(status.st_size)));
  KXF_TRY(found, sha256_of(copy.get()));
  if (found != sha256)
    return refuse(fmt::format("its SHA-256 is {}, the profile pins {}", found, sha256),
                  "install the plugin that the profile was made for, or pin this one");
  return std::move(copy);
}

}  // namespace kxf
