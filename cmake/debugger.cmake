# SPDX-License-Identifier: MIT
# Runs at the end of an install, with RUNNEL_LIBDIR, RUNNEL_DATADIR, RUNNEL_BINDIR and
# RUNNEL_LIBRARY (the shared library's file name) set. Where those are is only known now: --prefix
# may have changed it.
#
# A debugger whose own data is in the same prefix (Debian's: /usr) loads the commands when it loads
# the shared library: it looks for a file named after the library's full path.

foreach(folder LIBDIR DATADIR BINDIR)
  if(NOT IS_ABSOLUTE "${RUNNEL_${folder}}")
    set(RUNNEL_${folder} "${CMAKE_INSTALL_PREFIX}/${RUNNEL_${folder}}")
  endif()
endforeach()
set(loader "${RUNNEL_DATADIR}/gdb/auto-load${RUNNEL_LIBDIR}/${RUNNEL_LIBRARY}-gdb.py")
file(WRITE "$ENV{DESTDIR}${loader}"
     "import gdb\ngdb.execute('source ${RUNNEL_DATADIR}/runnel/runnel-gdb.py')\n")
message(STATUS "Installing: $ENV{DESTDIR}${loader}")

# rn-core finds its modules beside itself, wherever it is called from.
file(RELATIVE_PATH script "${RUNNEL_BINDIR}" "${RUNNEL_DATADIR}/runnel/rn-core")
file(MAKE_DIRECTORY "$ENV{DESTDIR}${RUNNEL_BINDIR}")
file(CREATE_LINK "${script}" "$ENV{DESTDIR}${RUNNEL_BINDIR}/rn-core" SYMBOLIC)
message(STATUS "Installing: $ENV{DESTDIR}${RUNNEL_BINDIR}/rn-core")
