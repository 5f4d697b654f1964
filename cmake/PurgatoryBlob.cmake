# kxf_purgatory_blob(NAME <name> PROCESSOR <regex> PREFIXES <prefix>... SOURCES <file>...
#                    [KIT_SOURCES <file>...] [FLAGS <flag>...] [LINK_FLAGS <flag>...]
#                    [HOST_SOURCES <file>...])
#
# The purgatory of an architecture: its own SOURCES and the kit's (plugins/purgatory), compiled for
# that architecture on every host, as bytes in the static library kxf_<name>_purgatory:
#
#   extern "C" const std::uint8_t kxf_<name>_purgatory_blob[];
#   extern "C" const std::size_t kxf_<name>_purgatory_blob_size;
#
# The host's own compiler is used where CMAKE_SYSTEM_PROCESSOR matches PROCESSOR, else the first
# <prefix>gcc that is found; the cache variables KXF_<NAME>_CC, _OBJCOPY and _READELF say otherwise.
# KIT_SOURCES are those of the kit that only some purgatories have use for: backup.c, relocate.c.
# FLAGS are those of the machine, for compiler and linker. #include starts from the folder above the
# kit and from the folder above the plugin: "purgatory/sink.h", "<name>/purgatory/params.h".
#
# With KXF_TESTS also kxf_purgatory_host, the kit's portable parts compiled for the machine that runs
# the tests, and kxf_<name>_purgatory_host with HOST_SOURCES. Tests find the compiler and the objects
# in the properties KXF_CC, KXF_FLAGS and KXF_OBJECTS (a folder) of kxf_<name>_purgatory.

set(KXF_PURGATORY_KIT "${CMAKE_CURRENT_LIST_DIR}/purgatory")  # as installed
if(NOT EXISTS "${KXF_PURGATORY_KIT}")
  set(KXF_PURGATORY_KIT "${CMAKE_CURRENT_LIST_DIR}/../plugins/purgatory")
  cmake_path(ABSOLUTE_PATH KXF_PURGATORY_KIT NORMALIZE)
endif()

# Code of a purgatory as a library for the machine that runs the tests.
function(_kxf_purgatory_host target include)
  add_library(${target} STATIC ${ARGN})
  target_include_directories(${target} PUBLIC "${include}")
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Werror)
  # An object for each file: who wants one of them need not have the hooks of the others.
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
endfunction()

# What writes a blob's parameters, and the host's copy of what reads them. Once for all purgatories.
function(_kxf_purgatory_kit)
  if(TARGET kxf_purgatory)
    return()
  endif()
  find_package(fmt REQUIRED)
  cmake_path(GET KXF_PURGATORY_KIT PARENT_PATH include)
  add_library(kxf_purgatory STATIC "${KXF_PURGATORY_KIT}/blob.cpp")
  target_compile_features(kxf_purgatory PUBLIC cxx_std_20)
  target_include_directories(kxf_purgatory PUBLIC "${include}")
  target_link_libraries(kxf_purgatory PUBLIC kxf::kxf
                                      PRIVATE fmt::fmt $<TARGET_NAME_IF_EXISTS:kxf_warnings>)
  set_target_properties(kxf_purgatory PROPERTIES POSITION_INDEPENDENT_CODE ON)
  if(KXF_TESTS)
    _kxf_purgatory_host(kxf_purgatory_host "${include}" "${KXF_PURGATORY_KIT}/backup.c"
                        "${KXF_PURGATORY_KIT}/breadcrumb.c" "${KXF_PURGATORY_KIT}/relocate.c"
                        "${KXF_PURGATORY_KIT}/sha256.c" "${KXF_PURGATORY_KIT}/sink.c"
                        "${KXF_PURGATORY_KIT}/text.c")
  endif()
endfunction()

function(kxf_purgatory_blob)
  cmake_parse_arguments(PARSE_ARGV 0 blob "" "NAME;PROCESSOR"
                        "PREFIXES;SOURCES;KIT_SOURCES;FLAGS;LINK_FLAGS;HOST_SOURCES")
  if(NOT blob_NAME OR NOT blob_PROCESSOR OR NOT blob_PREFIXES OR NOT blob_SOURCES
     OR blob_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: kxf_purgatory_blob(NAME name PROCESSOR regex PREFIXES prefix... "
                        "SOURCES file... [KIT_SOURCES file...] [FLAGS flag...] [LINK_FLAGS flag...] "
                        "[HOST_SOURCES file...])")
  endif()
  _kxf_purgatory_kit()
  set(target "kxf_${blob_NAME}_purgatory")
  string(TOUPPER "KXF_${blob_NAME}" cache)

  # ---- tools ----
  foreach(tool IN ITEMS gcc objcopy readelf)
    list(TRANSFORM blob_PREFIXES APPEND ${tool} OUTPUT_VARIABLE names_${tool})
  endforeach()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "${blob_PROCESSOR}")
    set(cc "${CMAKE_C_COMPILER}")
    set(objcopy "${CMAKE_OBJCOPY}")
    set(readelf "${CMAKE_READELF}")
  else()
    find_program(${cache}_CC NAMES ${names_gcc} REQUIRED)
    find_program(${cache}_OBJCOPY NAMES ${names_objcopy} REQUIRED)
    find_program(${cache}_READELF NAMES ${names_readelf} REQUIRED)
    set(cc "${${cache}_CC}")
    set(objcopy "${${cache}_OBJCOPY}")
    set(readelf "${${cache}_READELF}")
  endif()

  # Runs without a loader and without a C library: no relocation, no call and no table that the
  # compiler invents. The last three, GCC's own, also keep the SHA-256's working variables in
  # registers (sha256.c says why that matters).
  cmake_path(GET KXF_PURGATORY_KIT PARENT_PATH kit_include)
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR PARENT_PATH own_include)
  set(flags
      ${blob_FLAGS} "-I${kit_include}" "-I${own_include}" -std=c17 -O2 -ffreestanding -fno-builtin
      -fpie -fvisibility=hidden -fno-stack-protector -fomit-frame-pointer
      -fno-asynchronous-unwind-tables -fno-jump-tables -Wall -Wextra -Wconversion -Wshadow -Werror)
  if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang" OR NOT cc STREQUAL CMAKE_C_COMPILER)
    list(APPEND flags -fno-tree-loop-distribute-patterns -fno-schedule-insns -fno-tree-reassoc)
  endif()
  set(script "${KXF_PURGATORY_KIT}/purgatory.lds")
  set(link_flags
      ${blob_FLAGS} -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack
      -Wl,--orphan-handling=error ${blob_LINK_FLAGS} "-Wl,-T,${script}")

  set(out "${CMAKE_CURRENT_BINARY_DIR}/purgatory")
  file(MAKE_DIRECTORY "${out}")
  # Not every generator makes again what a changed command makes. This file changes with them.
  file(CONFIGURE OUTPUT "${out}/commands" CONTENT "${cc}\n${flags}\n${link_flags}\n" @ONLY)
  set(tools "${out}/commands" "${cc}" "${CMAKE_CURRENT_FUNCTION_LIST_FILE}")

  # ---- compile ----
  set(sources ${blob_SOURCES})
  list(TRANSFORM sources PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  foreach(source IN ITEMS breadcrumb.c sha256.c sink.c text.c verify.c ${blob_KIT_SOURCES})
    list(APPEND sources "${KXF_PURGATORY_KIT}/${source}")
  endforeach()
  set(objects)
  foreach(source IN LISTS sources)
    cmake_path(GET source FILENAME name)
    set(object "${out}/${name}.o")
    if(object IN_LIST objects)
      message(FATAL_ERROR "kxf_purgatory_blob: two sources of ${blob_NAME} have the name ${name}")
    endif()
    add_custom_command(
      OUTPUT "${object}"
      COMMAND "${cc}" ${flags} -MD -MF "${object}.d" -c "${source}" -o "${object}"
      DEPENDS "${source}" ${tools}
      DEPFILE "${object}.d"
      COMMENT "Compiling the ${blob_NAME} purgatory: ${name}"
      VERBATIM)
    list(APPEND objects "${object}")
  endforeach()

  # ---- link for two addresses, compare, make it a source ----
  set(commands)
  set(products)
  foreach(link "purgatory 0" "elsewhere 0x12340000")
    separate_arguments(link)
    list(GET link 0 name)
    list(GET link 1 address)
    list(APPEND commands
      COMMAND "${cc}" ${link_flags} "-Wl,-Ttext=${address}" ${objects} -o "${out}/${name}.elf"
      COMMAND "${objcopy}" -O binary -j .text "${out}/${name}.elf" "${out}/${name}.bin")
    list(APPEND products "${out}/${name}.elf" "${out}/${name}.bin")
  endforeach()
  set(embed "${KXF_PURGATORY_KIT}/embed_blob.cmake")
  add_custom_command(
    OUTPUT "${out}/blob_bytes.cpp"
    BYPRODUCTS ${products}
    ${commands}
    COMMAND "${CMAKE_COMMAND}" "-DELF=${out}/purgatory.elf" "-DREADELF=${readelf}"
            "-DBLOB=${out}/purgatory.bin" "-DOTHER=${out}/elsewhere.bin" "-DSYMBOL=${target}_blob"
            "-DOUTPUT=${out}/blob_bytes.cpp" -P "${embed}"
    DEPENDS ${objects} "${script}" "${embed}" "${objcopy}" ${tools}
    COMMENT "Linking the ${blob_NAME} purgatory"
    VERBATIM)
  add_library(${target} STATIC "${out}/blob_bytes.cpp")
  target_link_libraries(${target} PUBLIC kxf_purgatory)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON KXF_CC "${cc}"
                                             KXF_FLAGS "${flags}" KXF_OBJECTS "${out}")

  if(KXF_TESTS AND blob_HOST_SOURCES)
    _kxf_purgatory_host(${target}_host "${own_include}" ${blob_HOST_SOURCES})
    target_link_libraries(${target}_host PUBLIC kxf_purgatory_host)
  endif()
endfunction()
