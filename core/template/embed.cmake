# cmake -DROOT=... -DFILES=... -DOUTPUT=... -P embed.cmake: the folders examples/template-<kind> as text in a C++ file.
# A file that begins with "#!" is a program.

set(rows "")
set(delimiter "template")
foreach(file IN LISTS FILES)
  cmake_path(RELATIVE_PATH file BASE_DIRECTORY "${ROOT}" OUTPUT_VARIABLE path)
  string(REGEX MATCH "^template-([a-z-]+)/(.*)$" ignored "${path}")
  set(kind "${CMAKE_MATCH_1}")
  set(name "${CMAKE_MATCH_2}")
  file(READ "${file}" content)
  string(FIND "${content}" ")${delimiter}\"" ends)
  if(NOT kind OR NOT ends EQUAL -1)
    message(FATAL_ERROR "${file} cannot be embedded")
  endif()
  string(APPEND rows "    {\"${kind}\", \"${name}\", R\"${delimiter}(${content})${delimiter}\"},\n")
endforeach()

set(text "// Made from examples/template-* by core/template/embed.cmake.\n#include <array>\n\n")
string(APPEND text "#include \"template/files.hpp\"\n\nnamespace kxf {\nnamespace {\n\n")
string(APPEND text "constexpr TemplateFile embedded[] = {\n${rows}};\n\n}  // namespace\n\n")
string(APPEND text "std::span<const TemplateFile> template_files() { return embedded; }\n\n")
string(APPEND text "}  // namespace kxf\n")
file(WRITE "${OUTPUT}" "${text}")
