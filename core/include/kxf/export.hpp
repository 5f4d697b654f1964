// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Everything a plugin shares with the core is visible in libkxf; everything else is hidden.
/// Interfaces carry it on the class, so that their type information is one object in the whole
/// process and a `dynamic_cast` or a catch clause means the same on both sides.
#define KXF_API __attribute__((visibility("default")))

/// The interfaces live in an inline namespace named after the ABI major. A plugin built against
/// another major then fails to resolve symbols when it is loaded, never when it is called.
#define KXF_ABI_NAMESPACE abi1
#define KXF_ABI_MAJOR 1
#define KXF_ABI_MINOR 0
