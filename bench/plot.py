#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws Go's figures divided by runnel's as bars.

    bench/plot.py [RESULTS.json [OUT.svg]]       (build/bench/results.json, docs/performance.svg)

One bar for each row and number of workers, as long as the ratio of the medians, on a logarithmic
scale; a mark where the goal is. The picture has no background, and its colours suit a light page or
a dark one, whichever the reader's system asks for. No quick run goes into docs/: its rows do a
tenth of the work.
"""
import json
import math
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WIDTH, LEFT, RIGHT, TOP = 860, 300, 60, 64  # pixels: all, beside and above the bars
BAR, GAP = 11, 9                            # height of a bar; space between rows
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 }
.faint { fill: #59636e }
.grid { stroke: #d1d9e0 }
.one { stroke: #59636e; stroke-width: 1.5 }
.w0 { fill: #0969da }
.w1 { fill: #80b3ec }
.lost { fill: #cf222e }
.goal { stroke: #bc4c00; stroke-width: 2.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .faint { fill: #9198a1 }
  .grid { stroke: #3d444d }
  .one { stroke: #9198a1 }
  .w0 { fill: #4493f8 }
  .w1 { fill: #2a5a99 }
  .lost { fill: #f85149 }
  .goal { stroke: #f0883e }
}
"""


class Scale:
    """From a ratio to a place on the picture."""

    def __init__(self, ratios):
        self.low = min(0.5, min(ratios))
        self.high = max(ratios) * 1.1
        self.pixels = (WIDTH - LEFT - RIGHT) / math.log(self.high / self.low)

    def x(self, ratio):
        return LEFT + math.log(ratio / self.low) * self.pixels

    def ticks(self):
        return [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
                if self.low <= t <= self.high]


def text(x, y, words, kind="", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
            f'{escape(str(words))}</text>')


def line(x, y1, y2, kind):
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def bar(scale, y, ratio, kind):
    """From 1 to the ratio: to the right is faster than Go."""
    left, right = sorted((scale.x(1), scale.x(ratio)))
    return (f'<rect x="{left:.1f}" y="{y:.1f}" width="{max(right - left, 1):.1f}" '
            f'height="{BAR - 2}" rx="2" class="{kind}"/>')


def grouped(results):
    """The rows with a Go: [((number, title, goal), [(workers, ratio of the medians)])]."""
    rows = {}
    for result in results["rows"]:
        if "go" in result["ratio"]:
            key = (result["number"], result["title"], result["goal"])
            rows.setdefault(key, []).append((result["workers"], result["ratio"]["go"]["median"]))
    return list(rows.items())


def legend(results, workers):
    """The two lines above the bars."""
    machine = results["machine"]
    version = results["peers"]["go"]["version"]
    parts = [text(8, 20, f"{version}'s figures divided by runnel's (medians)", "title")]
    x = LEFT
    for i, count in enumerate(workers):
        parts.append(f'<rect x="{x}" y="31" width="14" height="{BAR - 2}" rx="2" class="w{i}"/>')
        parts.append(text(x + 20, 40, f"{count} worker{'s' if count > 1 else ''}"))
        x += 95
    parts += [line(x + 5, 29, 42, "goal"), text(x + 13, 40, "goal")]
    parts.append(text(8, 40, f"{machine['cores']} cores, {machine['date'][:10]}", "faint"))
    return parts


def draw(results):
    """The picture as a text."""
    rows = grouped(results)
    if not rows:
        raise SystemExit("plot: no row was compared with Go")
    workers = sorted({w for _, bars in rows for w, _ in bars}, reverse=True)
    scale = Scale([r for _, bars in rows for _, r in bars] + [goal for (_, _, goal), _ in rows])
    step = len(workers) * BAR + GAP
    bottom = TOP + len(rows) * step
    parts = legend(results, workers)
    for tick in scale.ticks():
        parts.append(line(scale.x(tick), TOP - 4, bottom, "one" if tick == 1 else "grid"))
        parts.append(text(scale.x(tick), bottom + 16, f"{tick:g}×", "faint", "middle"))
    for i, ((number, title, goal), bars) in enumerate(rows):
        y = TOP + i * step
        parts.append(text(30, y + step / 2, title))
        parts.append(text(24, y + step / 2, number, "faint", "end"))
        for count, ratio in bars:
            place = workers.index(count)
            at = y + place * BAR + 2
            parts.append(bar(scale, at, ratio, "lost" if ratio < 1 else f"w{place}"))
            words = scale.x(max(ratio, 1)) + 5
            if words - 4 < scale.x(goal) < words + 32:  # not through the words
                words = scale.x(goal) + 5
            parts.append(text(words, at + BAR - 3, f"{ratio:.1f}", "faint"))
        parts.append(line(scale.x(goal), y, y + step - GAP + 4, "goal"))
    height = bottom + 28
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img">\n<!-- SPDX-License-Identifier: MIT. '
            f'Drawn by bench/plot.py. -->\n<title>runnel beside Go, a bar per benchmark</title>\n'
            f'<style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n")


def main():
    source = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/bench/results.json")
    target = Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "docs/performance.svg")
    results = json.loads(source.read_text())
    if results["quick"] and target.parent == ROOT / "docs":
        raise SystemExit(f"plot: {source} is of a quick run, which is not for docs/")
    target.write_text(draw(results))
    print(f"plot: {target}")


if __name__ == "__main__":
    main()
