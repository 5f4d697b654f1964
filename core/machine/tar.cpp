// SPDX-License-Identifier: Apache-2.0
#include "machine/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace kxf {
namespace {

constexpr std::uint64_t block_size = 512;

// Fields of a ustar header: offset and size in bytes.
struct Field {
  std::uint64_t offset;
  std::uint64_t size;
};
constexpr Field name_field{0, 100};
constexpr Field mode_field{100, 8};
constexpr Field uid_field{108, 8};
constexpr Field gid_field{116, 8};
constexpr Field size_field{124, 12};
constexpr Field mtime_field{136, 12};
constexpr Field checksum_field{148, 8};
constexpr Field type_field{156, 1};
constexpr Field link_field{157, 100};
constexpr Field magic_field{257, 8};
constexpr Field prefix_field{345, 155};

constexpr std::string_view make_tar_again =
    "make the capture again, or unpack it if it is compressed";

// ---- reading

/// Up to the first zero byte or the end of the field.
Result<std::string> text_field(const Bytes& header, Field field) {
  KXF_TRY(raw, header.slice(field.offset, field.size));
  return std::string(raw.begin(), std::find(raw.begin(), raw.end(), std::uint8_t{0}));
}

/// Octal digits between optional spaces; the terminator is a space, a zero or the end.
Result<std::uint64_t> octal(const Bytes& header, Field field, std::string_view what) {
  KXF_TRY(digits, text_field(header, field));
  const std::size_t start = digits.find_first_not_of(' ');
  const std::size_t end = digits.find_last_not_of(' ');
  if (start == std::string::npos) return std::uint64_t{0};
  std::uint64_t value = 0;
  const char* last = digits.data() + end + 1;
  const auto [stop, error] = std::from_chars(digits.data() + start, last, value, 8);
  if (error != std::errc{} || stop != last)
    return refuse(fmt::format("the {} is no octal number", what), std::string(make_tar_again));
  return value;
}

std::uint64_t checksum_of(ByteView header) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const bool own = i >= checksum_field.offset && i < checksum_field.offset + checksum_field.size;
    sum += own ? std::uint8_t{' '} : header[i];
  }
  return sum;
}

/// What the extended headers before an entry say of it.
struct Extension {
  std::optional<std::string> path;
  std::optional<std::string> link;
  std::optional<std::uint64_t> size_bytes;
};

/// Records of a pax extended header: "LENGTH KEY=VALUE\n", LENGTH counting all of itself.
Status read_pax(ByteView bytes, Extension& extension) {
  std::string_view rest = text_of(bytes);
  while (!rest.empty() && rest.front() != '\0') {
    std::size_t length = 0;
    const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const std::size_t digits = std::size_t(stop - rest.data());
    if (error != std::errc{} || length > rest.size() || length < digits + 3 ||
        rest[digits] != ' ' || rest[length - 1] != '\n')
      return refuse("a pax header has a record of wrong length", std::string(make_tar_again));
    const std::string_view record = rest.substr(digits + 1, length - digits - 2);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos)
      return refuse("a pax header has a record without \"=\"", std::string(make_tar_again));
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1);
    if (key == "path") {
      extension.path = std::string(value);
    } else if (key == "linkpath") {
      extension.link = std::string(value);
    } else if (key == "size") {
      std::uint64_t size = 0;
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), size);
      if (parsed.ec != std::errc{} || parsed.ptr != value.data() + value.size())
        return refuse("a pax header has a size that is no number", std::string(make_tar_again));
      extension.size_bytes = size;
    }
    rest.remove_prefix(length);
  }
  return {};
}

/// Without a leading `/` or `./`, empty for the archive's root.
Result<std::string> clean_path(std::string_view raw) {
  std::string clean;
  while (!raw.empty()) {
    const std::size_t slash = std::min(raw.find('/'), raw.size());
    const std::string_view component = raw.substr(0, slash);
    raw.remove_prefix(std::min(slash + 1, raw.size()));
    if (component.empty() || component == ".") continue;
    if (component == ".." || component.find('\0') != std::string_view::npos)
      return refuse("an entry's path leaves the archive", "do not use this file");
    if (!clean.empty()) clean += '/';
    clean += component;
  }
  return clean;
}

/// One header and what belongs to it.
struct Header {
  char type = '0';
  std::string path;
  std::string link;
  std::uint64_t size_bytes = 0;
};

Result<Header> read_header(ByteView block) {
  const Bytes header(block);
  if (!header.has(magic_field.offset, "ustar"))
    return refuse("no tar header (ustar)", std::string(make_tar_again));
  KXF_TRY(stored, octal(header, checksum_field, "header checksum"));
  if (stored != checksum_of(block))
    return refuse(fmt::format("the header checksum is {}, the header sums up to {}", stored,
                              checksum_of(block)),
                  std::string(make_tar_again));
  Header result;
  KXF_TRY(type, header.read<std::uint8_t>(type_field.offset));
  KXF_TRY(name, text_field(header, name_field));
  KXF_TRY(link, text_field(header, link_field));
  KXF_TRY(size, octal(header, size_field, "size"));
  result.type = type == 0 ? '0' : char(type);
  result.path = std::move(name);
  result.link = std::move(link);
  result.size_bytes = size;
  // GNU's own format ("ustar  ") keeps other things where ustar has the prefix.
  if (!header.has(magic_field.offset, "ustar ")) {
    KXF_TRY(prefix, text_field(header, prefix_field));
    if (!prefix.empty()) result.path = prefix + "/" + result.path;
  }
  return result;
}

bool all_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::string without_terminator(ByteView bytes) {
  const std::string_view value = text_of(bytes);
  return std::string(value.substr(0, value.find('\0')));
}

/// Reads entry after entry; keeps what extended headers said until the entry they are for.
class Reader {
 public:
  explicit Reader(ByteView archive) : bytes_(archive) {}

  Status run(std::vector<TarEntry>& entries) {
    for (;;) {
      KXF_TRY(block, bytes_.slice(offset_, block_size));
      if (all_zero(block)) return {};
      KXF_CHECK(step(block, entries));
    }
  }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  Status step(ByteView block, std::vector<TarEntry>& entries) {
    KXF_TRY(header, read_header(block));
    const bool extended =
        header.type == 'x' || header.type == 'g' || header.type == 'L' || header.type == 'K';
    const std::uint64_t size =
        extended ? header.size_bytes : extension_.size_bytes.value_or(header.size_bytes);
    KXF_TRY(content, bytes_.slice(offset_ + block_size, size));
    // slice() vouches for the size, so that nothing here can wrap.
    offset_ += block_size + (size + block_size - 1) / block_size * block_size;

    switch (header.type) {
      case 'x': return read_pax(content, extension_);
      case 'g': return {};  // defaults for all entries: times and owners
      case 'L': extension_.path = without_terminator(content); return {};
      case 'K': extension_.link = without_terminator(content); return {};
      default: break;
    }
    TarEntry entry;
    KXF_TRY(path, clean_path(extension_.path.value_or(header.path)));
    entry.path = std::move(path);
    switch (header.type) {
      case '0':
      case '7': entry.kind = TarEntry::Kind::file; break;
      case '2': entry.kind = TarEntry::Kind::link; break;
      case '5': entry.kind = TarEntry::Kind::directory; break;
      default:
        return refuse(fmt::format("\"{}\" is of a type that captures do not have ({:#04x})",
                                  entry.path, unsigned(std::uint8_t(header.type))),
                      "pack only files, directories and symbolic links");
    }
    if (entry.kind == TarEntry::Kind::file) entry.bytes = content;
    if (entry.kind == TarEntry::Kind::link) entry.link = extension_.link.value_or(header.link);
    extension_ = {};
    if (!entry.path.empty()) entries.push_back(std::move(entry));
    return {};
  }

  Bytes bytes_;
  std::uint64_t offset_ = 0;
  Extension extension_;
};

// ---- writing

void put(std::span<std::uint8_t> block, Field field, std::string_view value) {
  std::copy(value.begin(), value.end(), block.begin() + std::ptrdiff_t(field.offset));
}

void put_octal(std::span<std::uint8_t> block, Field field, std::uint64_t value) {
  put(block, field, fmt::format("{:0{}o}", value, field.size - 1));
}

void append_block(ByteVector& archive, char type, std::string_view prefix, std::string_view name,
                  std::string_view link, ByteView content) {
  const std::size_t start = archive.size();
  archive.resize(start + block_size);
  const std::span<std::uint8_t> block(archive.data() + start, block_size);
  put(block, name_field, name);
  put_octal(block, mode_field, type == '5' ? 0755 : 0644);
  put_octal(block, uid_field, 0);
  put_octal(block, gid_field, 0);
  put_octal(block, size_field, content.size());
  put_octal(block, mtime_field, 0);
  block[type_field.offset] = std::uint8_t(type);
  put(block, link_field, link);
  put(block, magic_field, std::string_view("ustar\00000", 8));
  put(block, prefix_field, prefix);
  // Six digits, a zero, a space: what every tar writes.
  put(block, checksum_field, fmt::format("{:06o}", checksum_of(block)) + std::string("\0 ", 2));

  archive.insert(archive.end(), content.begin(), content.end());
  archive.resize((archive.size() + block_size - 1) / block_size * block_size);
}

/// "LENGTH KEY=VALUE\n"; the length counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest;
  while (rest + std::to_string(length).size() != length) {
    length = rest + std::to_string(length).size();
  }
  return fmt::format("{} {}={}\n", length, key, value);
}

/// Where to cut the path into prefix and name; nothing when no slash suits.
std::optional<std::size_t> split(std::string_view path) {
  const std::size_t slash = path.rfind('/', prefix_field.size);
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  if (path.size() - slash - 1 > name_field.size) return std::nullopt;
  return slash;
}

void append_entry(ByteVector& archive, const TarEntry& entry) {
  std::string extended;
  std::string_view prefix;
  std::string_view name = entry.path;
  if (name.size() > name_field.size) {
    if (const auto slash = split(name)) {
      prefix = name.substr(0, *slash);
      name.remove_prefix(*slash + 1);
    } else {
      extended += pax_record("path", name);
      name = name.substr(0, name_field.size);
    }
  }
  std::string_view link = entry.link;
  if (link.size() > link_field.size) {
    extended += pax_record("linkpath", link);
    link = link.substr(0, link_field.size);
  }
  if (!extended.empty()) append_block(archive, 'x', "", "pax", "", bytes_of(extended));
  const char type = entry.kind == TarEntry::Kind::directory ? '5'
                    : entry.kind == TarEntry::Kind::link    ? '2'
                                                            : '0';
  append_block(archive, type, prefix, name, link, entry.bytes);
}

}  // namespace

Result<std::vector<TarEntry>> read_tar(ByteView archive) {
  std::vector<TarEntry> entries;
  Reader reader(archive);
  if (Status status = reader.run(entries); !status) {
    Error error =
        std::move(status).error().within(fmt::format("tar archive, at byte {}", reader.offset()));
    if (error.remedy.empty()) error.remedy = make_tar_again;
    return tl::unexpected(std::move(error));
  }
  return entries;
}

ByteVector write_tar(const std::vector<TarEntry>& entries) {
  ByteVector archive;
  for (const TarEntry& entry : entries) append_entry(archive, entry);
  archive.resize(archive.size() + 2 * block_size);  // the end: two blocks of zeros
  return archive;
}

}  // namespace kxf
