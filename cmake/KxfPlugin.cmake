# kxf_add_plugin(NAME <name> SOURCES <file>... [LIBRARIES <target>...] [NO_INSTALL])
#
# Builds <name>.so, the target kxf_plugin_<name>, as kxf wants a plugin: linked with libkxf, every
# symbol hidden but the descriptor, all symbols resolved, bound at load, never unloaded. It lands
# in plugins/ of the build directory and is installed to KXF_PLUGIN_DIR. The same function serves
# kxf's own plugins and those of vendors, who get it with find_package(kxf).
function(kxf_add_plugin)
  cmake_parse_arguments(PARSE_ARGV 0 plugin "NO_INSTALL" "NAME" "SOURCES;LIBRARIES")
  if(NOT plugin_NAME OR NOT plugin_SOURCES OR plugin_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR
      "usage: kxf_add_plugin(NAME name SOURCES file... [LIBRARIES target...] [NO_INSTALL])")
  endif()
  if(NOT plugin_NAME MATCHES "^[a-z0-9][a-z0-9-]*$")
    message(FATAL_ERROR "kxf_add_plugin: the name \"${plugin_NAME}\" must be made of lower case "
                        "letters, digits and dashes, as in KXF_PLUGIN()")
  endif()
  set(target "kxf_plugin_${plugin_NAME}")
  set(map "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/kxf-plugin.map")
  add_library(${target} MODULE ${plugin_SOURCES})
  target_compile_features(${target} PRIVATE cxx_std_20)
  target_link_libraries(${target} PRIVATE kxf::kxf ${plugin_LIBRARIES})
  set_target_properties(${target} PROPERTIES
    PREFIX "" SUFFIX ".so" OUTPUT_NAME "${plugin_NAME}"
    LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/plugins"
    CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    LINK_DEPENDS "${map}")
  target_link_options(${target} PRIVATE
    -Wl,-z,now -Wl,-z,relro -Wl,-z,nodelete "-Wl,--version-script=${map}")
  # A sanitizer's run time is resolved by the program, so nothing can be complete before that.
  if(NOT KXF_SANITIZE)
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  if(NOT plugin_NO_INSTALL)
    install(TARGETS ${target} LIBRARY DESTINATION "${KXF_PLUGIN_DIR}")
  endif()
endfunction()
