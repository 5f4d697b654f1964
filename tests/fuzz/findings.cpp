// SPDX-License-Identifier: Apache-2.0
// What a confined child says of an image: its bytes may be anybody's.
#include "image/claims.hpp"
#include "image/findings_bytes.hpp"
#include "require.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using kxf_fuzz::require;
  static const kxf::ViewSources sources{kxf::Blob(kxf::ByteVector(4096, 0x11)),
                                        kxf::Blob(kxf::ByteVector(8192, 0x22))};
  kxf::Record record;
  const auto findings = kxf::findings_from_bytes({data, size}, sources, record);
  if (!findings) {
    require(!findings.error().remedy.empty(), "a refusal has a remedy");
    require(record.decisions().empty() && record.warnings().empty(), "a refusal records nothing");
    return 0;
  }
  const auto is_ours = [](kxf::ByteView view) {
    return view.empty() || kxf::is_inside(view, sources.file.view()) ||
           kxf::is_inside(view, sources.unpacked.view());
  };
  if (findings->image) {
    const kxf::LoadedImage& image = *findings->image;
    require(is_ours(image.bytes.view()), "the image lies in a source");
    for (const kxf::KernelPart& part : image.kernel.parts)
      require(part.bytes.empty() || kxf::is_inside(part.bytes, image.bytes.view()),
              "the kernel lies in its image");
    if (image.initrd) require(is_ours(image.initrd->view()), "the initrd lies in a source");
    if (image.device_tree) {
      require(is_ours(image.device_tree->base.view()), "the tree lies in a source");
      for (const kxf::Blob& overlay : image.device_tree->overlays)
        require(is_ours(overlay.view()), "an overlay lies in a source");
    }
  }
  const kxf::ByteVector again = findings_to_bytes(*findings, record, sources);
  kxf::Record record_again;
  const auto back = kxf::findings_from_bytes(again, sources, record_again);
  require(back.has_value(), "what was read can be written and read");
  require(findings_to_bytes(*back, record_again, sources) == again, "nothing is lost on the way");
  return 0;
}
