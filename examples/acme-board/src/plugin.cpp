// SPDX-License-Identifier: Apache-2.0
#include <kxf/plugin.hpp>

#include "acme_board.hpp"

namespace {

bool add_all(kxf::Registrar& registrar) noexcept {
  return registrar.add(acme::acme1()) && registrar.add(acme::acme_uart());
}

}  // namespace

KXF_PLUGIN("acme-board", "1.0.0", "ACME", "boards of ACME: their image container and their UART",
           "image-format:acme1 console-sink:acme-uart", add_all)
