// SPDX-License-Identifier: Apache-2.0
#include "image/findings_bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "image/claims.hpp"

namespace kxf {
namespace {

constexpr std::uint64_t most_entries = 4096;
constexpr std::uint64_t most_text_bytes = 64U << 10U;

/// Where a view points.
enum class Source : std::uint8_t { nowhere, file, unpacked };

/// Both directions walk the same functions (walk() below), so that neither knows a field that the
/// other does not. Numbers are 8 bytes, little-endian.
class Writer {
 public:
  static constexpr bool reads = false;
  explicit Writer(const ViewSources& sources) : sources_(sources) {}

  void number(std::uint64_t value) {
    const std::size_t offset = bytes_.size();
    bytes_.resize(offset + sizeof value);
    store(std::span(bytes_), offset, value, Endian::little);
  }
  void integer(const std::uint64_t& value) { number(value); }
  void flag(const bool& value) { number(value ? 1 : 0); }
  template <class Enum>
  void choice(const Enum& value, Enum /*last*/) {
    number(static_cast<std::uint64_t>(value));
  }
  void text(std::string_view value) { raw(bytes_of(value)); }
  void message(std::string_view value) { raw(bytes_of(value)); }
  void raw(ByteView value) {
    number(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }
  void view(ByteView value) {
    const Source source = value.empty()                                ? Source::nowhere
                          : is_inside(value, sources_.file.view())     ? Source::file
                          : is_inside(value, sources_.unpacked.view()) ? Source::unpacked
                                                                       : Source::nowhere;
    stray_ = stray_ || (source == Source::nowhere && !value.empty());
    const ByteView all = source == Source::file ? sources_.file.view() : sources_.unpacked.view();
    number(static_cast<std::uint64_t>(source));
    number(source == Source::nowhere ? 0 : static_cast<std::uint64_t>(value.data() - all.data()));
    number(source == Source::nowhere ? 0 : value.size());
  }
  void blob(const Blob& value) { view(value.view()); }
  template <class T, class Each>
  void list(const std::vector<T>& values, const Each& each) {
    number(values.size());
    for (const T& value : values) each(value);
  }
  template <class T, class Each>
  void maybe(const std::optional<T>& value, const Each& each) {
    flag(value.has_value());
    if (value) each(*value);
  }

  [[nodiscard]] bool stray() const { return stray_; }
  [[nodiscard]] ByteVector take() { return std::move(bytes_); }

 private:
  const ViewSources& sources_;
  ByteVector bytes_;
  bool stray_ = false;
};

/// Reads on with zeros and empty texts after a complaint; the first one counts.
class Reader {
 public:
  static constexpr bool reads = true;
  Reader(ByteView bytes, const ViewSources& sources) : bytes_(bytes), sources_(sources) {}

  std::uint64_t number() {
    const auto value = bytes_.read<std::uint64_t>(offset_);
    if (!value) return complain("it ends too early"), 0;
    offset_ += sizeof(std::uint64_t);
    return *value;
  }
  void integer(std::uint64_t& value) { value = number(); }
  void flag(bool& value) { value = below(2, "a flag") == 1; }
  template <class Enum>
  void choice(Enum& value, Enum last) {
    value = static_cast<Enum>(below(static_cast<std::uint64_t>(last) + 1, "a choice"));
  }
  void text(std::string& value) { value = text_of(raw_view()); }
  void message(std::string& value) {
    text(value);
    std::ranges::replace_if(
        value,
        [](char letter) { return static_cast<unsigned char>(letter) < ' ' || letter == 0x7f; },
        '?');
  }
  void raw(ByteVector& value) {
    const ByteView found = raw_view();
    value.assign(found.begin(), found.end());
  }
  void view(ByteView& value) {
    Blob found;
    blob(found);
    value = found.view();
  }
  void blob(Blob& value) {
    const auto source = static_cast<Source>(below(3, "a source"));
    const std::uint64_t offset = number();
    const std::uint64_t size = number();
    if (source == Source::nowhere) {
      if (offset != 0 || size != 0) complain("a view of nothing has a size");
      value = {};
      return;
    }
    const Blob& all = source == Source::file ? sources_.file : sources_.unpacked;
    const auto found = Bytes(all.view()).slice(offset, size);
    if (!found) return complain("a view lies outside of its source");
    value = all.narrowed(*found);
  }
  template <class T, class Each>
  void list(std::vector<T>& values, const Each& each) {
    const std::uint64_t count = below(most_entries + 1, "the length of a list");
    for (std::uint64_t i = 0; i < count && !problem_; ++i) {
      if constexpr (std::is_default_constructible_v<T>)
        each(values.emplace_back());
      else
        each(values.emplace_back(ByteView()));
    }
  }
  template <class T, class Each>
  void maybe(std::optional<T>& value, const Each& each) {
    bool there = false;
    flag(there);
    if (there) each(value.emplace());
  }

  void complain(std::string_view what) {
    if (!problem_) problem_ = fmt::format("{}, at byte {}", what, offset_);
  }
  [[nodiscard]] const std::optional<std::string>& problem() const { return problem_; }
  [[nodiscard]] bool at_end() const { return offset_ == bytes_.size_bytes(); }

 private:
  std::uint64_t below(std::uint64_t end, std::string_view what) {
    const std::uint64_t value = number();
    if (value < end) return value;
    complain(fmt::format("{} is {}", what, value));
    return 0;
  }
  ByteView raw_view() {
    const std::uint64_t size = number();
    const auto found = bytes_.slice(offset_, size);
    if (size > most_text_bytes || !found) {
      complain("a text is too long");
      return {};
    }
    offset_ += size;
    return *found;
  }

  Bytes bytes_;
  const ViewSources& sources_;
  std::uint64_t offset_ = 0;
  std::optional<std::string> problem_;
};

/// `const T` for the writer, `T` for the reader.
template <class Archive, class T>
using Walked = std::conditional_t<Archive::reads, T, const T>;

template <class Archive>
void walk(Archive& archive, Walked<Archive, KernelSpec>& kernel) {
  archive.message(kernel.machine);
  archive.choice(kernel.endian, Endian::big);
  archive.maybe(kernel.page_size_bytes, [&](auto& size) { archive.integer(size); });
  archive.list(kernel.parts, [&](auto& part) {
    archive.view(part.bytes);
    archive.integer(part.memory_offset);
    archive.integer(part.memory_size);
  });
  archive.list(kernel.patches, [&](auto& patch) {
    archive.integer(patch.memory_offset);
    archive.raw(patch.bytes);
    archive.message(patch.reason);
  });
  archive.integer(kernel.memory_size);
  archive.flag(kernel.memory_size_is_guess);
  archive.integer(kernel.entry_offset);
  archive.integer(kernel.base_alignment);
  archive.integer(kernel.base_offset);
  archive.integer(kernel.window.start);
  archive.integer(kernel.window.end);
  archive.choice(kernel.placement, Placement::anywhere);
  archive.flag(kernel.file_load);
  archive.message(kernel.file_load_reason);
}

template <class Archive>
void walk(Archive& archive, Walked<Archive, ImageLayer>& layer) {
  const auto number = [&](auto& value) { archive.integer(value); };
  archive.message(layer.name);
  archive.flag(layer.is_codec);
  archive.integer(layer.size_bytes);
  archive.message(layer.sha256);
  archive.list(layer.verdicts, [&](auto& verdict) {
    archive.message(verdict.name);
    archive.choice(verdict.verdict, ProbeVerdict::damaged);
    archive.message(verdict.reason);
  });
  auto& contents = layer.contents;
  archive.maybe(contents.initrd_bytes, number);
  archive.maybe(contents.tree_bytes, number);
  archive.list(contents.overlay_bytes, number);
  archive.maybe(contents.command_line, [&](auto& text) { archive.text(text); });
  archive.message(contents.configuration);
  archive.message(contents.signature);
  archive.message(contents.says);
}

template <class Archive>
void walk(Archive& archive, Walked<Archive, LoadedImage>& image) {
  walk(archive, image.kernel);
  archive.message(image.format);
  archive.blob(image.bytes);
  archive.maybe(image.initrd, [&](auto& initrd) { archive.blob(initrd); });
  archive.maybe(image.device_tree, [&](auto& tree) {
    archive.blob(tree.base);
    archive.list(tree.overlays, [&](auto& overlay) { archive.blob(overlay); });
  });
  archive.maybe(image.command_line, [&](auto& text) { archive.text(text); });
  archive.message(image.verified_by);
}

template <class Archive>
void walk(Archive& archive, Walked<Archive, Error>& error) {
  archive.message(error.message);
  archive.message(error.remedy);
  archive.choice(error.fault, Fault::internal);
}

template <class Archive>
void walk(Archive& archive, Walked<Archive, std::vector<Decision>>& decisions,
          Walked<Archive, std::vector<Warning>>& warnings) {
  archive.list(decisions, [&](auto& decision) {
    archive.message(decision.topic);
    archive.message(decision.choice);
    archive.message(decision.reason);
  });
  archive.list(warnings, [&](auto& warning) {
    archive.message(warning.id);
    archive.message(warning.text);
  });
}

}  // namespace

ByteVector findings_to_bytes(const ImageFindings& findings, const Record& record,
                             const ViewSources& sources) {
  Writer writer(sources);
  walk(writer, record.decisions(), record.warnings());
  writer.list(findings.layers, [&](const ImageLayer& layer) { walk(writer, layer); });
  writer.flag(findings.image.has_value());
  if (!findings.image) {
    walk(writer, findings.image.error());
    return writer.take();
  }
  walk(writer, *findings.image);
  if (!writer.stray()) return writer.take();
  return findings_to_bytes(
      {findings.layers, broken("an image format gives bytes that are not in its image")}, record,
      sources);
}

Result<ImageFindings> findings_from_bytes(ByteView bytes, const ViewSources& sources,
                                          Record& record) {
  Reader reader(bytes, sources);
  std::vector<Decision> decisions;
  std::vector<Warning> warnings;
  walk(reader, decisions, warnings);
  ImageFindings findings{{}, LoadedImage{}};
  reader.list(findings.layers, [&](ImageLayer& layer) { walk(reader, layer); });
  bool found = false;
  reader.flag(found);
  if (found) {
    LoadedImage& image = *findings.image;
    walk(reader, image);
    image.layers = findings.layers;
    for (const KernelPart& part : image.kernel.parts)
      if (!part.bytes.empty() && !is_inside(part.bytes, image.bytes.view()))
        reader.complain("a part of the kernel lies outside of its image");
  } else {
    Error error;
    walk(reader, error);
    findings.image = tl::unexpected(std::move(error));
  }
  if (!reader.problem() && !reader.at_end()) reader.complain("something is left over");
  if (reader.problem())
    return refuse(
        fmt::format("the answer of the confined child is malformed: {}", *reader.problem()),
        "use another file, or remove or replace the plugin that reads it");
  for (Decision& decision : decisions)
    record.decide(std::move(decision.topic), std::move(decision.choice),
                  std::move(decision.reason));
  for (Warning& warning : warnings) record.warn(std::move(warning.id), std::move(warning.text));
  return findings;
}

}  // namespace kxf
