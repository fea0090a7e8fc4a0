# SPDX-License-Identifier: MIT
# find_package(runnel), once it is installed: runnel::static, runnel::shared and runnel::runnel,
# which is the static one.

include(CMakeFindDependencyMacro)
find_dependency(Threads)
include("${CMAKE_CURRENT_LIST_DIR}/runnel-targets.cmake")
if(NOT TARGET runnel::runnel)
  add_library(runnel::runnel INTERFACE IMPORTED)
  set_target_properties(runnel::runnel PROPERTIES INTERFACE_LINK_LIBRARIES runnel::static)
endif()
