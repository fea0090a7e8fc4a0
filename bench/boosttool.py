# SPDX-License-Identifier: MIT
"""Builds the Boost.Fiber peer with the C++ compiler and Boost of the machine."""
import re
import shutil
from pathlib import Path

from command import first_line, run

PROGRAMS = Path(__file__).resolve().parent / "peers" / "boost"
FLAGS = ["-std=c++17", "-O3", "-DNDEBUG", "-flto", "-pthread"]
VERSION = "#include <boost/version.hpp>\n#include <boost/fiber/all.hpp>\nBOOST_LIB_VERSION\n"


class Boost:
    """The program that was built, and the versions of the library and the compiler."""

    def __init__(self, program, version):
        self.program, self.version = program, version


def get(work, say):
    """Returns a Boost whose program is built in the folder work, or why there is none."""
    work = Path(work).resolve()
    work.mkdir(parents=True, exist_ok=True)
    compiler = shutil.which("g++")
    if not compiler:
        return "not installed: no g++"
    probe = work / "version.cc"
    probe.write_text(VERSION)
    headers = run([compiler, *FLAGS, "-E", "-P", probe], lambda line: None)
    version = headers and re.search(r'"([\d_]+)"\s*$', headers)
    if not version:
        return "not installed: no headers of Boost.Fiber (Debian: libboost-fiber1.81-dev)"
    program = work / "boostbench"
    sources = sorted(PROGRAMS.glob("*.cc"))
    newest = max(path.stat().st_mtime for path in [*sources, *PROGRAMS.glob("*.h"), Path(__file__)])
    if not program.exists() or program.stat().st_mtime < newest:
        say("building the programs for Boost.Fiber")
        if run([compiler, *FLAGS, "-o", program, *sources, "-lboost_fiber", "-lboost_context"],
               say) is None:
            return "not built: see above"
    return Boost(program, f"Boost {version[1].replace('_', '.')}, "
                          f"{first_line([compiler, '--version'])}")
