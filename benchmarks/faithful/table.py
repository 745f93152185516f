"""Each optimiser as it ships beside its library as it is: measures, and writes the tables of docs/faithful.md.

`make faithful` runs every comparison of tests/support/faithful.py and prints, for each, how many trials were equal
from the first on; then it measures the declared differences. With names (`make faithful ARGS='smac_rf ax'`) only the
rows of these are renewed. SMAC's own sequence depends on PYTHONHASHSEED, which is 0 here. Exits with status 1 where a
sequence differs without a declared difference; what is not installed keeps its row.
"""

import argparse
import os
import re
import sys
import time
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/faithful.md"
sys.path.insert(0, str(ROOT / "tests/support"))
HEAD = (
    "| optimiser | library | held to | one at a time | two losses | four workers | differences |\n" + "|---" * 7 + "|"
)
WHAT_DIFFERS = "| no. | of | what is otherwise, and why | size |\n" + "|---" * 4 + "|"
NOTHING = "-"


@dataclass
class Cell:
    """What came of one way of one optimiser, over spaces and seeds."""

    runs: list[tuple[str, int, int, int]] = field(default_factory=list)
    """Of each the space, the seed, how many trials were equal from the first on, and of how many."""

    @property
    def alike(self) -> bool:
        return all(equal == trials for _, _, equal, trials in self.runs)

    def text(self) -> str:
        if not self.runs:
            return NOTHING
        of = f"({len({space for space, *_ in self.runs})} x {len({seed for _, seed, *_ in self.runs})})"
        if self.alike:
            return f"all {sum(trials for *_, trials in self.runs):,} {of}"
        first = sorted(equal + 1 for _, _, equal, trials in self.runs if equal < trials)
        some = "" if len(first) == len(self.runs) else f", {len(self.runs) - len(first)} of {len(self.runs)} runs equal"
        lengths = sorted({trials for *_, trials in self.runs})
        return f"from trial {span(first)} of {span(lengths)} {of}{some}"


def span(values: list[int]) -> str:
    """The lowest to the highest."""
    return f"{values[0]}" if values[0] == values[-1] else f"{values[0]} to {values[-1]}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="of configs; all by default")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--rows", action="store_true", help="make the comparisons alone")
    only.add_argument("--differences", action="store_true", help="measure the declared differences alone")
    arguments = parser.parse_args()
    departures: Any = import_module("departures")
    unknown = sorted(set(arguments.names) - set(departures.HELD_TO))
    if unknown:
        parser.error(f"no such optimiser: {', '.join(unknown)}; they are the files of conf/optimizer")
    start = time.perf_counter()
    chosen = arguments.names or sorted(departures.HELD_TO)
    wrong = [] if arguments.differences else [name for name in chosen if differs(name, departures)]
    if not arguments.rows:
        write({}, departures.sizes(arguments.names), departures)
    print(f"{PAGE.relative_to(ROOT)} written; {time.perf_counter() - start:.0f} s")
    if wrong:
        print(f"otherwise than the library, and not declared: {', '.join(wrong)}")
    return int(bool(wrong))


def differs(name: str, departures: Any) -> bool:
    """Make the comparisons of an optimiser, and its row; whether it differs without a declared difference."""
    faithful: Any = import_module("faithful")
    ways: dict[str, Cell] = {}
    for comparison in faithful.comparisons([name]):
        if comparison.missing:
            print(f"{name}: {comparison.needs} is not installed; its row stays as it is", flush=True)
            return False
        cell = ways.setdefault(comparison.way, Cell())
        for seed in comparison.seeds:
            own, ours = comparison.sequences(seed)
            cell.runs.append((comparison.label, seed, faithful.equal(own, ours), max(len(own), len(ours))))
        print(f"{name}, {comparison.way}, {comparison.label}: {cell.text()}", flush=True)
        write({name: row(name, ways, departures)}, {}, departures)
    return name not in departures.OTHER_SEQUENCES and not all(cell.alike for cell in ways.values())


def row(name: str, ways: dict[str, Cell], departures: Any) -> str:
    faithful: Any = import_module("faithful")
    texts = [ways.get(way, Cell()).text() for way in (faithful.ALONE, faithful.SEVERAL, faithful.WORKERS)]
    numbers = ", ".join(str(number) for number in departures.numbers(name)) or NOTHING
    return f"| `{name}` | {library(name)} | {departures.HELD_TO[name]} | {' | '.join(texts)} | {numbers} |"


def library(name: str) -> str:
    """The one that proposes, with its version; `none` of a method of our own."""
    loops, adapters = import_module("loops"), import_module("adapters")
    space, laddered = import_module("loops_botorch").FLOATS, adapters.classes(multi_fidelity=True).values()
    resources = (1, 3, 9) if any(name in names for names in laddered) else None
    first = loops.build(name, space, resources=resources).libraries[:1]
    return f"{first[0]} {version(first[0])}" if first and first[0] != "numpy" else "none"


def write(rows: dict[str, str], sizes: dict[int, str], departures: Any) -> None:
    """Put the rows into the page, in place of those of the same names and numbers; the others stay."""
    text = PAGE.read_text()
    lines = kept(text, HEAD) | {f"`{name}`": line for name, line in rows.items()}
    lines |= {f"`{name}`": line for name, line in departures.without_comparison()}
    text = replaced(text, HEAD, [lines[key] for key in sorted(lines, key=lambda key: key.strip("`"))])
    found = kept(text, WHAT_DIFFERS)
    differences = []
    for number, departure in enumerate(departures.DEPARTURES, 1):
        earlier = found.get(str(number), "| ||| not measured |").rsplit("|", 2)[1].strip()
        who = ", ".join(f"`{name}`" for name in departure.names)
        differences.append(f"| {number} | {who} | {departure.what} | {sizes.get(number, earlier)} |")
    PAGE.write_text(replaced(text, WHAT_DIFFERS, differences))


def kept(text: str, head: str) -> dict[str, str]:
    """The rows of a table by their first cell."""
    return {line.split("|")[1].strip(): line for line in body(text, head).splitlines()}


def body(text: str, head: str) -> str:
    found = re.search(rf"{re.escape(head)}\n((?:\|.*\n)*)", text)
    assert found is not None, f"{PAGE} has no table with the head {head}"
    return found[1]


def replaced(text: str, head: str, rows: list[str]) -> str:
    return text.replace(f"{head}\n{body(text, head)}", "\n".join([head, *rows, ""]))


if __name__ == "__main__":
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    if os.environ.get("PYTHONHASHSEED") != "0":  # a process has the order of sets that it was started with
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("interrupted; what was compared is written")
