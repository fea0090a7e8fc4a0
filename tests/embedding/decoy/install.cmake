# SPDX-License-Identifier: MIT
message(FATAL_ERROR "runnel included the embedding project's own install.cmake")
