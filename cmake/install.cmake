# SPDX-License-Identifier: MIT
# `make install`: headers, both libraries, what pkg-config and find_package(runnel) read, what
# debuggers need and, where it is built, the command.

if(NOT TARGET runnel_static)
  return()
endif()
file(RELATIVE_PATH RUNNEL_PC_TO_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file("${PROJECT_SOURCE_DIR}/runnel.pc.in" "${PROJECT_BINARY_DIR}/lib/runnel.pc" @ONLY)
install(TARGETS runnel_static runnel_shared EXPORT runnel-targets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_BINARY_DIR}/lib/runnel.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

set(RUNNEL_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/runnel")
include(CMakePackageConfigHelpers)
# Before 1.0.0 a minor version may change what programs see.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/lib/runnel-config-version.cmake"
                                 COMPATIBILITY SameMinorVersion)
install(EXPORT runnel-targets NAMESPACE runnel:: DESTINATION "${RUNNEL_CMAKE_DIR}")
install(FILES "${PROJECT_SOURCE_DIR}/cmake/runnel-config.cmake"
              "${PROJECT_BINARY_DIR}/lib/runnel-config-version.cmake"
        DESTINATION "${RUNNEL_CMAKE_DIR}")

install(PROGRAMS "${PROJECT_BINARY_DIR}/bin/runnel" DESTINATION "${CMAKE_INSTALL_BINDIR}" OPTIONAL)

set(RUNNEL_TOOLS "${PROJECT_SOURCE_DIR}/tools")
install(FILES "${RUNNEL_TOOLS}/runnel-gdb.py" "${RUNNEL_TOOLS}/runnel_frames.py"
              "${RUNNEL_TOOLS}/runnel_core.py" "${RUNNEL_TOOLS}/runnel_tasks.py"
        DESTINATION "${CMAKE_INSTALL_DATADIR}/runnel")
install(PROGRAMS "${RUNNEL_TOOLS}/rn-core" DESTINATION "${CMAKE_INSTALL_DATADIR}/runnel")
install(CODE "set(RUNNEL_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")
set(RUNNEL_DATADIR \"${CMAKE_INSTALL_DATADIR}\")
set(RUNNEL_BINDIR \"${CMAKE_INSTALL_BINDIR}\")
set(RUNNEL_LIBRARY \"$<TARGET_FILE_NAME:runnel_shared>\")")
install(SCRIPT "${PROJECT_SOURCE_DIR}/cmake/debugger.cmake")

if(NOT CMAKE_CROSSCOMPILING)
  install(CODE "set(RUNNEL_LIBDIR \"${CMAKE_INSTALL_LIBDIR}\")")
  install(SCRIPT "${PROJECT_SOURCE_DIR}/cmake/ldconfig.cmake")
endif()
