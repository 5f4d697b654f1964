# What the toolchain files of the Debian architectures share.  Set before: `architecture`, Debian's name, and `triplet`,
# the prefix of its cross compiler.
#
# The sysroot is a folder of unpacked packages, made by scripts/sysroot.sh ARCHITECTURE.  Give its path as the cache
# variable or environment variable KXF_SYSROOT.
set(CMAKE_SYSTEM_NAME Linux)

if(NOT KXF_SYSROOT)
  set(KXF_SYSROOT "$ENV{KXF_SYSROOT}")
endif()
if(NOT IS_DIRECTORY "${KXF_SYSROOT}/usr/include")
  message(FATAL_ERROR "KXF_SYSROOT is \"${KXF_SYSROOT}\", not a sysroot; "
                      "make one: KXF_SYSROOT=$(scripts/sysroot.sh ${architecture})")
endif()
set(KXF_SYSROOT "${KXF_SYSROOT}" CACHE PATH "unpacked ${architecture} packages to build against")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES KXF_SYSROOT) # compiler checks read this file too

set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_CXX_COMPILER ${triplet}-g++)
set(CMAKE_ASM_COMPILER ${triplet}-gcc)
set(CMAKE_SYSROOT "${KXF_SYSROOT}")
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})

set(CMAKE_FIND_ROOT_PATH "${KXF_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# pkg-config: the sysroot's files only, and their paths below the sysroot
set(ENV{PKG_CONFIG_PATH} "")
set(ENV{PKG_CONFIG_LIBDIR} "${KXF_SYSROOT}/usr/lib/${triplet}/pkgconfig:${KXF_SYSROOT}/usr/share/pkgconfig")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${KXF_SYSROOT}")
