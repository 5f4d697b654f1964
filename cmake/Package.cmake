# The SDK: headers, the CMake package `kxf`, kxf_add_plugin(), kxf_purgatory_blob().
include(CMakePackageConfigHelpers)

set(kxf_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/kxf")
install(DIRECTORY core/include/kxf DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT sdk
        FILES_MATCHING PATTERN "*.hpp")
install(TARGETS kxf_sdk EXPORT kxfTargets
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}" NAMELINK_COMPONENT sdk
        INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT kxfTargets NAMESPACE kxf:: DESTINATION "${kxf_package_dir}" COMPONENT sdk)
configure_package_config_file(cmake/kxfConfig.cmake.in "${CMAKE_CURRENT_BINARY_DIR}/kxfConfig.cmake"
                              INSTALL_DESTINATION "${kxf_package_dir}" PATH_VARS KXF_PLUGIN_DIR)
# Source compatibility holds within a major of the plugin ABI; before 1.0 that is kxf's minor.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/kxfConfigVersion.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/kxfConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/kxfConfigVersion.cmake"
              cmake/KxfPlugin.cmake cmake/kxf-plugin.map cmake/PurgatoryBlob.cmake
        DESTINATION "${kxf_package_dir}" COMPONENT sdk)
# A plugin with an architecture compiles the kit of purgatories itself.
install(DIRECTORY plugins/purgatory DESTINATION "${kxf_package_dir}" COMPONENT sdk
        PATTERN "*.md" EXCLUDE)
