// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What this plugin has to offer. Implementations are stateless and live as long as the process.

#include <kxf/console_sink.hpp>
#include <kxf/image_format.hpp>

namespace acme {

/// The ACME1 container: what ACME's build servers put around a kernel.
///
/// | offset | size | what                                                    |
/// |--------|------|---------------------------------------------------------|
/// | 0      | 8    | `ACME1` and three zeros                                 |
/// | 8      | 4    | CRC-32 (IEEE 802.3, as zlib's crc32()) of the payload   |
/// | 12     | 4    | size of the payload in bytes; all fields little-endian  |
/// | 16     |      | the payload: any image that kxf knows; then nothing     |
const kxf::ImageFormat& acme1();

/// The ACME UART: registers of 32 bits, DR at 0x00 takes a byte, bit 5 of FR at 0x18 is set while
/// the transmit FIFO is full.
const kxf::ConsoleSink& acme_uart();

}  // namespace acme
