# SPDX-License-Identifier: MIT
"""The link checkers that bench/mainjob.py compares: how each is had, started and understood.

Each is told to check a local tree without the network, in the manner its users would, and each
takes the tree for the root of the site: "/x" is x in the tree. A finding is a target that is
broken: (path, "") for a file that is not there, whatever the fragments of the links to it, and
(path, fragment) for a page that has no such id or name. Links that differ in their fragments alone
are one missing file.
"""
import csv
import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from command import first_line, run

# Pinned, so that two machines compare with the same. Each wants a Node of at least that version;
# Debian 12 has 18, and the version for it does not know fragments.
LINKINATORS = [(20, "linkinator@7.6.1", True), (18, "linkinator@6.3.0", False)]


class Outcome:
    """What a run says: links and distinct URLs looked at, and the set of findings."""

    def __init__(self, links, urls, findings):
        self.links, self.urls, self.findings = links, urls, findings


def finding(url):
    """A finding from the URL or path of a broken target; that of another site stays a URL."""
    parts = urlsplit(url)
    if parts.netloc:
        return url.partition("#")[0], parts.fragment
    path = unquote(parts.path)
    if not os.path.exists(path):
        return path, ""
    if os.path.isdir(path):
        path = os.path.join(path, "index.html")
    return path, unquote(parts.fragment)


class Checker:
    """A tool with one set of options. `fragments`: whether it looks at them."""
    key = label = None
    fragments = False
    settings = ""              # in words, for the report
    version = missing = None   # missing: why it cannot be had
    fine = (0,)                # exit statuses of a run that is whole

    def prepare(self, build, tree, say):
        """Finds the tool. Sets version, or missing."""
        raise NotImplementedError

    def command(self, work):
        """The command line; `work` is an empty folder for what it writes."""
        raise NotImplementedError

    def read(self, stdout, work):
        """The Outcome of a run, from the text it printed and from the folder."""
        raise NotImplementedError


class Runnel(Checker):
    key, label, fragments, options = "runnel", "runnel", True, []
    fine = (0, 2)

    def prepare(self, build, tree, say):
        self.tree, self.program = tree, build / "bin/runnel"
        self.settings = " ".join(["check --offline --root TREE", *self.options])
        self.version = first_line([self.program, "--version"])
        if not self.program.exists():
            self.missing = "not built"

    def command(self, work):
        return [self.program, "check", "--offline", "--no-progress", "--format", "ndjson",
                "--root", self.tree, *self.options, self.tree]

    def read(self, stdout, work):
        lines = [json.loads(line) for line in stdout.splitlines()]
        summary = next(line for line in lines if line["type"] == "summary")
        return Outcome(summary["links"], summary["unique"],
                       {finding(line["url"]) for line in lines if line["type"] == "broken"})


class RunnelLinks(Runnel):
    key, label, fragments = "runnel-links", "runnel, no fragments", False
    options = ["--no-fragments"]


class LinkChecker(Checker):
    """Debian's package. Local files have no limit of requests per second; the threads are its
    default, of which the interpreter runs one at a time."""
    key = label = "linkchecker"
    fine = (0, 1)
    plugins = ""

    def prepare(self, build, tree, say):
        self.tree, self.program = tree, shutil.which("linkchecker")
        self.settings = ("threads=10 (default), localwebroot=TREE, external links not checked "
                         "(default), index.html" + (", plugin AnchorCheck" if self.plugins else ""))
        if not self.program:
            self.missing = "not installed: the Debian package linkchecker"
            return
        package = first_line(["dpkg-query", "-W", "-f", "${Version}", "linkchecker"])
        interpreter = Path(self.program).read_text().splitlines()[0].removeprefix("#!").split()[-1]
        self.version = f"linkchecker {package}, {first_line([interpreter, '--version'])}"

    def command(self, work):
        # Run by root it goes on as nobody, who must be able to read and write here.
        work.chmod(0o777)
        rc = work / "rc"
        rc.write_text(f"[checking]\nthreads=10\nlocalwebroot=file://{self.tree}/\n{self.plugins}")
        return [self.program, "-f", rc, "--no-status", "-F", f"csv/utf-8/{work}/out.csv",
                self.tree / "index.html"]

    def read(self, stdout, work):
        with open(work / "out.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader((line for line in file if not line.startswith("#")),
                                       delimiter=";"))
        said = re.search(r"(\d+) links? in (\d+) URLs? checked", stdout)
        broken = {finding(row["url"]) for row in rows if row["valid"] == "False"}
        broken |= {finding(row["url"]) for row in rows if "Anchor `" in row["warningstring"]}
        return Outcome(*(map(int, said.groups()) if said else (None, None)), broken)


class LinkCheckerAnchors(LinkChecker):
    key, label, fragments = "linkchecker-anchors", "linkchecker, AnchorCheck", True
    plugins = "[AnchorCheck]\n"


class Linkinator(Checker):
    """The npm package. It serves the tree on a port of its own and asks itself."""
    key = label = "linkinator"
    fine = (0, 1)
    options = []

    def prepare(self, build, tree, say):
        self.tree, self.home = tree, build / "bench/linkinator"
        self.program = self.home / "node_modules/.bin/linkinator"
        self.settings = " ".join(["TREE --recurse --skip '^https?://(?!localhost)' --format json, "
                                  "concurrency 100 (default)", *self.options])
        node = re.match(r"v(\d+)", first_line(["node", "--version"]))
        fit = [pin for least, *pin in LINKINATORS if node and int(node[1]) >= least]
        if not fit or not shutil.which("npm"):
            self.missing = f"not installed: it needs npm and Node {LINKINATORS[-1][0]}"
            return
        name, knows_fragments = fit[0]
        if self.fragments and not knows_fragments:
            self.missing = f"{name}, the newest for this Node, does not check fragments"
            return
        if not self.program.exists():
            say(f"installing the npm package {name} into {os.path.relpath(self.home)}")
            self.home.mkdir(parents=True, exist_ok=True)
            run(["npm", "install", "--prefix", self.home, "--no-audit", "--no-fund",
                 "--ignore-scripts", name], say)
        if not self.program.exists():
            self.missing = f"not installed: npm could not get {name}"
            return
        package = json.loads((self.home / "node_modules/linkinator/package.json").read_text())
        self.version = (f"linkinator {package['version']}, Node "
                        f"{first_line(['node', '--version'])}")

    def command(self, work):
        return [self.program, self.tree, "--recurse", "--skip", "^https?://(?!localhost)",
                "--format", "json", *self.options]

    def read(self, stdout, work):
        links = json.loads(stdout[stdout.index("{"):])["links"]
        urls = {link["url"] for link in links}
        broken = {finding(link["url"]) for link in links if link["state"] == "BROKEN"}
        return Outcome(None, len(urls), broken)


class LinkinatorFragments(Linkinator):
    key, label, fragments = "linkinator-fragments", "linkinator, fragments", True
    options = ["--check-fragments"]


def all_checkers():
    return [Runnel(), RunnelLinks(), LinkChecker(), Linkinator(), LinkinatorFragments(),
            LinkCheckerAnchors()]


def tree_of(path):
    """The tree as the tools will name it, or None if nothing is there."""
    tree = Path(path).resolve()
    return tree if (tree / "index.html").exists() else None
