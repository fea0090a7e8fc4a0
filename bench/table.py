# SPDX-License-Identifier: MIT
"""The tables, as text and as Markdown: runnel beside Go, then runnel beside every other peer."""

HEAD = (f"{'':>2} {'':36}{'':>7}{'runnel':>21}{'Go':>22}{'Go / runnel':>16}\n"
        f"{'#':>2} {'one operation':36}{'workers':>7}{'min  median   ±%':>21}"
        f"{'min  median   ±%':>22}{'min median':>16}{'goal':>6}")


def scale(result):
    """From ns per operation to the unit of the row; other values are in it already."""
    if result["value"] != "ns_per_op":
        return 1
    return {"ns": 1, "us": 1e-3, "ms": result["n"] / 1e6}[result["unit"]]


def side_cells(result, name):
    """Minimum, median and spread of a side as texts, in the row's unit; dashes without figures."""
    side = result["sides"].get(name, {})
    if "min" not in side:
        return ["-", "-", "-"]
    return [f"{side[k] * scale(result):.1f}" for k in ("min", "median")] + [
        f"{side['spread_percent']:.0f}"]


def ratio_cells(result, name):
    ratio = result["ratio"].get(name)
    return [f"{ratio[k]:.1f}" for k in ("min", "median")] if ratio else ["-", "-"]


def go_line(result):
    """A row of the first table."""
    def cells(name):
        least, median, spread = side_cells(result, name)
        return f"{least:>8} {median:>8} {spread:>4}"

    least, median = ratio_cells(result, "go")
    return (f"{result['number']:>2} {result['title']:36}{result['workers']:>4} {result['unit']} "
            f"{cells('runnel')} {cells('go')}   {least:>6} {median:>6}{result['goal']:>6}  "
            f"{result['verdict']}").rstrip()


def error_lines(result):
    return [f"   FAILED {error['side']}: {error['error']}" for error in result["errors"]]


def peer_table(results, peers):
    """The second table: median of each peer, and that divided by runnel's median. Without the rows
    that none of them has."""
    lines = ["   " + " " * 43 + f"{'runnel':>9}" + "".join(f"{p.label:>18}" for p in peers),
             f"{'#':>2} {'one operation':36}{'workers':>7}{'median':>9}" +
             f"{'median / runnel':>18}" * len(peers)]
    for result in results:
        if not any(peer.key in result["sides"] for peer in peers):
            continue
        line = (f"{result['number']:>2} {result['title']:36}{result['workers']:>4} "
                f"{result['unit']}{side_cells(result, 'runnel')[1]:>9}")
        for peer in peers:
            line += f"{side_cells(result, peer.key)[1]:>10}{ratio_cells(result, peer.key)[1]:>8}"
        lines.append(line)
    return lines


def markdown_row(cells):
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def markdown(results, peers):
    """One table: runnel and Go in full, of the other peers the median and the ratio."""
    others = [peer for peer in peers if peer.key != "go"]
    head = ["#", "one operation", "workers", "unit", "runnel min", "median", "±%", "Go min",
            "median", "±%", "Go / runnel min", "median", "goal", "verdict"]
    for peer in others:
        head += [peer.label, "/ runnel"]
    lines = [markdown_row(head),
             markdown_row(["--:", "---", "--:", "---"] + ["--:"] * 9 + ["---"] +
                          ["--:"] * 2 * len(others))]
    for result in results:
        cells = [result["number"], result["title"], result["workers"], result["unit"],
                 *side_cells(result, "runnel"), *side_cells(result, "go"),
                 *ratio_cells(result, "go"), result["goal"], result["verdict"] or "-"]
        for peer in others:
            cells += [side_cells(result, peer.key)[1], ratio_cells(result, peer.key)[1]]
        lines.append(markdown_row(cells))
    return lines


def summary(results, limits=()):
    """What was lost and what failed, again, where nobody overlooks it. limits: the keys of the
    sides that nobody could be faster than."""
    verdicts = [result["verdict"] for result in results]
    lines = [f"{len(results)} rows: {verdicts.count('goal met')} met the goal, "
             f"{verdicts.count('short of goal')} short of it, {verdicts.count('LOST')} lost, "
             f"{verdicts.count('FAILED')} failed"]
    lines += [f"{result['verdict']}: {result['title']}, workers {result['workers']}"
              for result in results if result["verdict"] in ("LOST", "FAILED")]
    for result in results:
        slower = [name for name, ratio in result["ratio"].items()
                  if name not in ("go", *limits) and min(ratio.values()) < 1]
        if slower:
            lines.append(f"slower than {', '.join(slower)}: {result['title']}, workers "
                         f"{result['workers']}")
    return lines
