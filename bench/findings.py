# SPDX-License-Identifier: MIT
"""Judges what the link checkers found, by a third opinion, and explains where they differ.

The third opinion is a plain reading of the tree with Python's html.parser: every link of every
page, and every id and name. It shares no code with any of the tools, knows no <base> (pages that
have one are refused) and follows nothing: it looks at all pages below the tree.
"""
import os
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

LINKS = {"a": ["href"], "area": ["href"], "link": ["href"], "img": ["src"], "script": ["src"],
         "iframe": ["src"], "frame": ["src"], "source": ["src"], "video": ["src", "poster"],
         "audio": ["src"], "track": ["src"], "embed": ["src"], "object": ["data"],
         "input": ["src"], "blockquote": ["cite"], "q": ["cite"], "ins": ["cite"],
         "del": ["cite"], "body": ["background"]}


class Page(HTMLParser):
    """The links (as written) and the ids of one page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.ids = [], set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        if tag == "base" or any(name == "srcset" for name, _ in attributes):
            raise ValueError(f"<{tag}>: not known here")
        for name, value in attributes:
            if value is None:
                continue
            if name == "id" or (name == "name" and tag == "a"):
                self.ids.add(value)
            elif name in LINKS.get(tag, ()):
                self.links.append(value)


class Truth:
    """What is broken in a tree: findings as in checkers.py, and the pages each is linked from."""

    def __init__(self, tree):
        self.tree = Path(tree)
        self.pages = {str(path): Page(path.read_text("utf-8", "surrogateescape"))
                      for path in sorted(self.tree.rglob("*.html"))}
        self.links, self.targets = 0, set()
        self.sources, self.leads_to = {}, {path: set() for path in self.pages}
        for path, page in self.pages.items():
            for link in page.links:
                self.add(path, link)
        self.reachable = self.closure(str(self.tree / "index.html"))

    def add(self, page, link):
        """Looks at one link of a page."""
        self.links += 1
        parts = urlsplit(urljoin(f"file://{page}", link.strip()))
        if parts.scheme != "file" or parts.netloc:
            return
        path = unquote(parts.path)
        if link.strip().startswith("/"):
            path = str(self.tree) + path
        if os.path.isdir(path):
            path = os.path.join(path, "index.html")
        fragment = unquote(parts.fragment)
        self.targets.add((path, fragment))
        if path in self.pages:
            self.leads_to[page].add(path)
        if not os.path.exists(path):
            self.sources.setdefault((path, ""), set()).add(page)
        elif path in self.pages and fragment and fragment.lower() != "top" and (
                fragment not in self.pages[path].ids):
            self.sources.setdefault((path, fragment), set()).add(page)

    def closure(self, start):
        """The pages that can be reached from start."""
        seen, left = {start}, [start]
        while left:
            for page in self.leads_to.get(left.pop(), ()):
                if page not in seen:
                    seen.add(page)
                    left.append(page)
        return seen

    @property
    def broken(self):
        return set(self.sources)


def why_missed(checker, result, item, truth):
    """Why a checker did not find what is broken, as a class of its own; None: not explained."""
    if item[1] and not checker.fragments:
        return "does not look at fragments with these options"
    if not result["ended"]:
        return "was stopped at the limit before it came there"
    if checker.key.startswith("runnel"):
        return None
    if not truth.sources[item] & truth.reachable:
        return "the pages with the link cannot be reached from index.html, where it starts"
    if item[1] and checker.key.startswith("linkinator"):
        return ("compares a page with the fragments known when it fetches it, not with those of "
                "links it sees later")
    return None


def why_wrong(checker, item):
    """Why a checker reports what is not broken; None: not explained."""
    if checker.key.startswith("linkinator") and "://" in item[0] and "%" in item[1]:
        return ("an external link, which was to be skipped; its fragment has a % that starts no "
                "escape, which decodeURIComponent refuses and browsers do not")
    return None


def compare(checkers, results, truth):
    """One line for each finding of anyone: {target, fragment, broken, sources, found_by,
    missed_by: {key: why}, wrong_in: {key: why}}. An unexplained why is None."""
    ran = [c for c in checkers if c.key in results]
    lines = []
    for item in sorted(truth.broken.union(*(results[c.key]["findings"] for c in ran))):
        found = [c for c in ran if item in results[c.key]["findings"]]
        target = item[0] if "://" in item[0] else os.path.relpath(item[0], truth.tree)
        line = {"target": target, "fragment": item[1],
                "broken": item in truth.broken,
                "sources": len(truth.sources.get(item, ())),
                "found_by": [c.key for c in found], "missed_by": {}, "wrong_in": {}}
        if line["broken"]:
            line["missed_by"] = {c.key: why_missed(c, results[c.key], item, truth)
                                 for c in ran if c not in found}
        else:
            line["wrong_in"] = {c.key: why_wrong(c, item) for c in found}
        lines.append(line)
    return lines


def is_superset(lines, key, others):
    """Whether key found all that others truly found."""
    return all(key in line["found_by"] for line in lines
               if line["broken"] and set(line["found_by"]) & set(others))


def as_text(lines):
    """Each finding as lines of text."""
    out = []
    for line in lines:
        name = line["target"] + (f"#{line['fragment']}" if line["fragment"] else "")
        out.append(f"{name}: " + (f"broken, linked from {line['sources']} pages"
                                  if line["broken"] else "NOT broken"))
        out.append(f"    found by {', '.join(line['found_by']) or 'nobody'}")
        for key, why in (line["missed_by"] | line["wrong_in"]).items():
            verb = "not found" if line["broken"] else "wrong"
            out.append(f"    {verb}: {key}: {why or 'NOT EXPLAINED'}")
    return out
