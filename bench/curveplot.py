# SPDX-License-Identifier: MIT
"""Draws the curves of one family: cost over n, both on logarithmic scales.

A curve has one colour; it is drawn through for the most workers and dotted for fewer, and what its
promise allows is a faint dashed line. Style and text are those of plot.py.
"""
import math

from plot import STYLE, text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 860, 420, 64, 24, 30, 40  # pixels
COLOURS = ("#0969da", "#1a7f37", "#bc4c00", "#8250df")  # readable on light and dark
LEGEND = 18  # pixels, a line of it


class Axis:
    """From a value to pixels, with a tick at each power of a base."""

    def __init__(self, values, begin, end, base=10):
        self.base = base
        self.low = math.floor(math.log(min(values), base) + 1e-9)
        self.high = max(math.ceil(math.log(max(values), base) - 1e-9), self.low + 1)
        self.begin, self.pixels = begin, (end - begin) / (self.high - self.low)

    def at(self, value):
        return self.begin + (math.log(value, self.base) - self.low) * self.pixels

    def ticks(self):
        return [self.base ** power for power in range(self.low, self.high + 1)]


def path(points, x, y, colour, more):
    steps = " ".join(f"{x.at(n):.1f},{y.at(c):.1f}" for n, c in sorted(points.items()))
    return f'<polyline points="{steps}" fill="none" stroke="{colour}" {more}/>'


def words(value):
    for size, sign in ((10 ** 6, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:g}{sign}"
    return f"{value:g}"


def curve_parts(result, x, y, colour, most):
    """The two lines of a curve."""
    dots = "" if result["workers"] == most else ' stroke-dasharray="2 3"'
    return [path(result["allowed"], x, y, colour,
                 'stroke-opacity="0.35" stroke-dasharray="8 5"'),
            path(result["cost_ns"], x, y, colour, 'stroke-width="2"' + dots)]


def draw(results):
    """The picture of these curves, as a text."""
    costs = [max(c, 0.1) for r in results for c in (*r["cost_ns"].values(), *r["allowed"].values())]
    n = [n for r in results for n in r["cost_ns"]]
    names = list(dict.fromkeys(r["name"] for r in results))
    height = HEIGHT + LEGEND * len(names)
    x = Axis(n, LEFT, WIDTH - RIGHT, 2 if max(n) <= 64 else 10)
    y = Axis(costs, HEIGHT - BOTTOM, TOP)
    parts = [text(8, 18, "ns per operation; dashed: allowed; dotted: fewer workers", "title")]
    for tick in x.ticks():
        parts.append(f'<line x1="{x.at(tick):.1f}" x2="{x.at(tick):.1f}" y1="{TOP}" '
                     f'y2="{HEIGHT - BOTTOM}" class="grid"/>')
        parts.append(text(x.at(tick), HEIGHT - BOTTOM + 16, words(tick), "faint", "middle"))
    for tick in y.ticks():
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(tick):.1f}" '
                     f'y2="{y.at(tick):.1f}" class="grid"/>')
        parts.append(text(LEFT - 6, y.at(tick) + 4, words(tick), "faint", "end"))
    most = max(r["workers"] for r in results)
    for result in results:
        parts += curve_parts(result, x, y, COLOURS[names.index(result["name"]) % len(COLOURS)],
                             most)
    for i, name in enumerate(names):
        first = next(r for r in results if r["name"] == name)
        at = HEIGHT + i * LEGEND
        parts.append(f'<rect x="{LEFT}" y="{at - 8}" width="14" height="9" rx="2" '
                     f'fill="{COLOURS[i % len(COLOURS)]}"/>')
        parts.append(text(LEFT + 20, at, f"{first['title']}: O({first['promise']})"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" role="img">\n<!-- SPDX-License-Identifier: MIT. '
            f'Drawn by bench/curves.py. -->\n<title>cost of runnel by number of objects</title>\n'
            f'<style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n")
