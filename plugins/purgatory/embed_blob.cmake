# cmake -DELF=FILE -DREADELF=PROGRAM -DBLOB=FILE -DOTHER=FILE -DSYMBOL=NAME -DOUTPUT=FILE -P embed_blob.cmake
#
# The purgatory runs wherever placement puts it, and nobody relocates it. BLOB and OTHER are the
# same objects linked for two addresses: any byte that depends on the address differs.
#
# OUTPUT is C++ with the bytes themselves. An assembler's .incbin would hide the file from whoever
# looks at the source to tell whether it changed, such as a compiler cache.
execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${BLOB}" "${OTHER}" RESULT_VARIABLE differs)
if(differs)
  message(FATAL_ERROR "the purgatory depends on its address: ${BLOB} and ${OTHER} differ")
endif()
execute_process(COMMAND "${READELF}" -rW "${ELF}" OUTPUT_VARIABLE relocations RESULT_VARIABLE failed)
if(failed OR NOT relocations MATCHES "There are no relocations in this file")
  message(FATAL_ERROR "the purgatory has relocations: ${relocations}")
endif()

file(SIZE "${BLOB}" size)
file(READ "${BLOB}" digits HEX)
string(REGEX REPLACE "(................................)" "\\1\n" lines "${digits}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${lines}")
file(WRITE "${OUTPUT}" "// Made by embed_blob.cmake.
#include <cstddef>
#include <cstdint>

extern \"C\" {
extern const std::size_t ${SYMBOL}_size;
const std::size_t ${SYMBOL}_size = ${size};
extern const std::uint8_t ${SYMBOL}[];
const std::uint8_t ${SYMBOL}[] = {
${bytes}};
}
")
