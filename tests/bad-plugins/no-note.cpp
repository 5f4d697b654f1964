// SPDX-License-Identifier: Apache-2.0
#include "plugin.hpp"

extern "C" KXF_API const kxf_plugin_descriptor kxf_plugin_v1;
extern "C" const kxf_plugin_descriptor kxf_plugin_v1 = {sizeof(kxf_plugin_descriptor),
                                                        KXF_ABI_MAJOR,
                                                        KXF_ABI_MINOR,
                                                        __GXX_ABI_VERSION,
                                                        _GLIBCXX_USE_CXX11_ABI,
                                                        8 * sizeof(void*),
                                                        std::endian::native == std::endian::big,
                                                        0,
                                                        "bad",
                                                        "1.0",
                                                        "nobody",
                                                        bad::add_bad};
