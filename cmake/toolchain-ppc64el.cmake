# Cross compiler for Debian's ppc64el on any host.
set(CMAKE_SYSTEM_PROCESSOR ppc64le)
set(architecture ppc64el)
set(triplet powerpc64le-linux-gnu)
include("${CMAKE_CURRENT_LIST_DIR}/debian-cross.cmake")
