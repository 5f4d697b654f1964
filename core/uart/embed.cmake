# cmake -DFILES=... -DOUTPUT=... -P embed.cmake: descriptions of UARTs as text in a C++ file. Their names
# stand beside it, so that only the one that is wanted needs to be parsed when kxf runs.

# The strings of all lists KEY = [...] in `content`, as the elements of a std::array; their number.
function(strings_of key content elements count)
  string(REGEX MATCHALL "${key} = \\[[^]]*\\]" lists "${content}")
  string(REGEX MATCHALL "\"[^\"]*\"" names "${lists}")
  list(LENGTH names number)
  list(JOIN names ", " joined)
  set(${elements} "${joined}" PARENT_SCOPE)
  set(${count} ${number} PARENT_SCOPE)
endfunction()

set(arrays "")
set(rows "")
set(index 0)
foreach(file IN LISTS FILES)
  cmake_path(GET file STEM name)
  file(READ "${file}" content)
  foreach(key IN ITEMS earlycon compatible)
    strings_of(${key} "${content}" elements count)
    string(APPEND arrays
           "constexpr std::array<std::string_view, ${count}> ${key}_${index}{${elements}};\n")
  endforeach()
  string(REGEX MATCH "summary = (\"[^\"]*\")" ignored "${content}")
  string(APPEND rows "    {\"${name}\", ${CMAKE_MATCH_1}, earlycon_${index}, compatible_${index},\n"
                     "     R\"uart(${content})uart\"},\n")
  math(EXPR index "${index} + 1")
endforeach()

set(text "// Made from config/uarts by core/uart/embed.cmake.\n#include <array>\n\n")
string(APPEND text "#include \"uart/uart_files.hpp\"\n\nnamespace kxf {\nnamespace {\n\n")
string(APPEND text "${arrays}\nconstexpr ShippedUart shipped[] = {\n${rows}};\n\n}  // namespace\n\n")
string(APPEND text "std::span<const ShippedUart> shipped_uarts() { return shipped; }\n\n")
string(APPEND text "}  // namespace kxf\n")
file(WRITE "${OUTPUT}" "${text}")
