// SPDX-License-Identifier: Apache-2.0
#include "formats/liblzma_decoder.hpp"

#include <kxf/range.hpp>

namespace kxf::formats {

LiblzmaDecoder::~LiblzmaDecoder() { lzma_end(&stream_); }

Status LiblzmaDecoder::start() {
  if (initialise(&stream_) == LZMA_OK) return {};
  return no_memory();
}

Result<Step> LiblzmaDecoder::step(ByteView in, std::span<std::uint8_t> room) {
  stream_.next_in = in.data();
  stream_.avail_in = in.size();
  stream_.next_out = room.data();
  stream_.avail_out = room.size();
  const lzma_ret answer = lzma_code(&stream_, LZMA_RUN);
  Step step{Step::State::more, in.size() - stream_.avail_in, room.size() - stream_.avail_out};
  const auto wrong = [&step](std::string_view reason) {
    step.state = Step::State::damaged;
    step.reason = reason;
    return step;
  };
  switch (answer) {
    case LZMA_OK:
    case LZMA_BUF_ERROR: return step;
    case LZMA_STREAM_END: step.state = Step::State::end; return step;
    case LZMA_MEM_ERROR: return no_memory();
    case LZMA_MEMLIMIT_ERROR:
      return refuse("its dictionary takes " + size_text(lzma_memusage(&stream_)) +
                        " of memory, more than the limit of " + size_text(memory_limit_bytes),
                    "pack the file with a smaller dictionary");
    case LZMA_UNSUPPORTED_CHECK:
      return refuse("its integrity check is one that liblzma does not have",
                    "pack the file with --check=crc32");
    case LZMA_OPTIONS_ERROR:
      return refuse("its filters or options are not those of liblzma " +
                        std::string(lzma_version_string()) + ", or its header is damaged",
                    "copy the file again, or pack it with plain LZMA2");
    case LZMA_FORMAT_ERROR: return wrong("invalid header");
    default: return wrong("incorrect data or checksum");
  }
}

}  // namespace kxf::formats
