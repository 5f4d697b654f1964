# cmake -DELF=FILE -DREADELF=PROGRAM -DBLOB=FILE -DOTHER=FILE -P check_blob.cmake
#
# The purgatory runs wherever placement puts it, and nobody relocates it. BLOB and OTHER are the
# same objects linked for two addresses: any byte that depends on the address differs.
execute_process(COMMAND "${CMAKE_COMMAND}" -E compare_files "${BLOB}" "${OTHER}" RESULT_VARIABLE differs)
if(differs)
  file(REMOVE "${BLOB}" "${OTHER}")
  message(FATAL_ERROR "the purgatory depends on its address: ${BLOB} and ${OTHER} differ")
endif()
execute_process(COMMAND "${READELF}" -rW "${ELF}" OUTPUT_VARIABLE relocations RESULT_VARIABLE failed)
if(failed OR NOT relocations MATCHES "There are no relocations in this file")
  file(REMOVE "${BLOB}" "${OTHER}")
  message(FATAL_ERROR "the purgatory has relocations: ${relocations}")
endif()
