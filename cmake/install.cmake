# SPDX-License-Identifier: MIT
# `make install`: headers, both libraries, the pkg-config file and, where it is built, the command.

if(NOT TARGET runnel_static)
  return()
endif()
file(RELATIVE_PATH RUNNEL_PC_TO_PREFIX "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
configure_file("${PROJECT_SOURCE_DIR}/runnel.pc.in" "${PROJECT_BINARY_DIR}/lib/runnel.pc" @ONLY)
install(TARGETS runnel_static runnel_shared
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}"
        LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h")
install(FILES "${PROJECT_BINARY_DIR}/lib/runnel.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
install(PROGRAMS "${PROJECT_BINARY_DIR}/bin/runnel" DESTINATION "${CMAKE_INSTALL_BINDIR}" OPTIONAL)
