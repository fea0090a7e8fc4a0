# SPDX-License-Identifier: MIT
# Read by the build of mutants.py after project() (CMAKE_PROJECT_runnel_INCLUDE). Whatever is linked
# with librunnel.a is linked with librunnel.so instead, and that exports everything, because tests
# look inside. So one mutant costs one compilation and one link, and no test is linked again.

set(CMAKE_LINK_DEPENDS_NO_SHARED ON)
# The addresses of one's own functions are one's own, as in the static library.
add_link_options(-Wl,-Bsymbolic-functions)
add_compile_definitions(RNI_HIDDEN=)

function(mutants_use_shared folder)
  get_property(folders DIRECTORY "${folder}" PROPERTY SUBDIRECTORIES)
  foreach(below IN LISTS folders)
    mutants_use_shared("${below}")
  endforeach()
  get_property(targets DIRECTORY "${folder}" PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(libraries ${target} LINK_LIBRARIES)
    if(libraries)
      string(REPLACE "runnel_static" "runnel_shared" libraries "${libraries}")
      set_target_properties(${target} PROPERTIES LINK_LIBRARIES "${libraries}")
    endif()
  endforeach()
endfunction()

function(mutants_last)
  set_target_properties(runnel_objects PROPERTIES C_VISIBILITY_PRESET default)
  mutants_use_shared("${CMAKE_SOURCE_DIR}")
endfunction()
cmake_language(DEFER CALL mutants_last)
