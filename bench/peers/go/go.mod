// SPDX-License-Identifier: MIT

module runnel/bench

go 1.26
