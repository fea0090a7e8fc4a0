#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the links of a directory of HTML by means that share nothing with `runnel check`: Python's
html.parser and urllib. Prints the numbers as JSON.

    tests/count.py DIRECTORY

The rules are those of `runnel check --offline DIRECTORY`, written down once more: every .html, .htm
and .xhtml file below the directory that is not hidden is a page; a link is unique by target and
fragment; local links are looked up on the disk, http(s) and other schemes are skipped.
"""
import html.parser
import json
import os
import re
import sys
import urllib.parse

ATTRIBUTES = {
    "a": ["href"], "area": ["href"], "link": ["href", "imagesrcset"], "img": ["src", "srcset"],
    "script": ["src"], "iframe": ["src"], "frame": ["src"], "source": ["src", "srcset"],
    "video": ["src", "poster"], "audio": ["src"], "track": ["src"], "embed": ["src"],
    "object": ["data"], "input": ["src"], "body": ["background"], "blockquote": ["cite"],
    "q": ["cite"], "ins": ["cite"], "del": ["cite"], "table": ["background"],
    "tr": ["background"], "td": ["background"], "th": ["background"],
    "image": ["href", "xlink:href"],
}
HOST = re.compile(r"^(\[[0-9A-Fa-f:.]+\]|[^\s<>\"'\\^`{|}()\[\]%@:/?#]+)$")


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.links, self.names, self.base = [], set(), None
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            self.feed(f.read())
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = {k: v or "" for k, v in reversed(attributes)}
        if attributes.get("id"):
            self.names.add(attributes["id"])
        if tag == "a" and attributes.get("name"):
            self.names.add(attributes["name"])
        if tag == "base" and "href" in attributes and self.base is None:
            self.base = attributes["href"]
        if tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            found = re.match(r"\s*[\d.]*\s*[;,]\s*(?:url\s*=\s*)?['\"]?([^'\"]+)",
                             attributes.get("content", ""), re.I)
            if found:
                self.links.append(found[1])
        rel = attributes.get("rel", "").lower()
        if tag == "link" and ("preconnect" in rel or "dns-prefetch" in rel):
            return
        for name in ATTRIBUTES.get(tag, []):
            if name in attributes and name.endswith("srcset"):
                self.links += [c.split()[0] for c in attributes[name].split(", ") if c.split()]
            elif name in attributes:
                self.links.append(attributes[name])

    handle_startendtag = handle_starttag


def encode(text):
    return urllib.parse.quote(text, safe="%/:=&?~#+!$,;'@()*[]-._", errors="surrogateescape")


def pages_below(root):
    for directory, subdirectories, files in os.walk(root):
        subdirectories[:] = [d for d in subdirectories if not d.startswith(".")]
        for name in files:
            if not name.startswith(".") and re.search(r"\.x?html?$", name, re.I):
                if os.path.isfile(os.path.join(directory, name)):
                    yield os.path.join(directory, name)


def read(path, cache):
    if path not in cache:
        cache[path] = Page(path)
    return cache[path]


def resolve(base, text):
    """(kind, target, fragment)"""
    text = re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(33)))))
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*):", text)
    if scheme and scheme[1].lower() not in ("http", "https", "file"):
        return "other", text, ""
    if scheme and scheme[1].lower() != "file":
        rest = text[scheme.end():]
        host = re.match(r"//(?:[^/?#]*@)?([^/?#]*?)(?::\d*)?(?:[/?#]|$)", rest)
        if not host or not HOST.match(host[1]):
            return "bad", text, ""
        url, fragment = urllib.parse.urldefrag(text)
        parts = urllib.parse.urlsplit(url)
        return "http", parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(),
                                      path=parts.path or "/").geturl(), fragment
    url, fragment = urllib.parse.urldefrag(urllib.parse.urljoin(base, encode(text)))
    path = urllib.parse.unquote(urllib.parse.urlsplit(url).path, errors="surrogateescape")
    slash = "/" if path.endswith(("/", "/.", "/..")) else ""
    path = os.path.normpath(path)
    return "file", path if path == "/" else path + slash, fragment


def judge(path, fragment, cache):
    """None, "target" or "fragment"."""
    if not os.path.exists(path):
        return "target"
    if os.path.isdir(path):
        path = os.path.join(path, "index.html")
    if not fragment or not os.path.isfile(path) or not re.search(r"\.x?html?$", path, re.I):
        return None
    names = read(path, cache).names
    decoded = urllib.parse.unquote(fragment, errors="surrogateescape")
    return None if fragment in names or decoded in names or decoded.lower() == "top" else "fragment"


def count(root):
    root, cache, links, unique = os.path.realpath(root), {}, 0, {}
    pages = list(pages_below(root))
    for path in pages:
        page = read(path, cache)
        base = "file://" + urllib.parse.quote(path, errors="surrogateescape")
        if page.base is not None:
            base = urllib.parse.urljoin(base, page.base)
        links += len(page.links)
        for text in page.links:
            kind, target, fragment = resolve(base, text)
            unique.setdefault((kind, target, fragment), set()).add(path)
    result = {"pages": len(pages), "links": links, "unique": len(unique), "skipped": 0,
              "malformed": [], "broken_targets": [], "broken_fragments": []}
    for kind, target, fragment in unique:
        if kind in ("other", "http"):
            result["skipped"] += 1
        elif kind == "bad":
            result["malformed"].append(target)
        else:
            fault = judge(target, fragment, cache)
            name = target + ("#" + fragment if fragment else "")
            if fault:
                result["broken_%ss" % fault].append(name)
    for name in "malformed", "broken_targets", "broken_fragments":
        result[name].sort()
    return result


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(json.dumps(count(sys.argv[1]), indent=1))
