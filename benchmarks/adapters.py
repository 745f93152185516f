"""What the adapters add: each optimiser beside its library's own loop, trial for trial and second for second.

Prints a Markdown table: the library and its version; whether the adapter asked what the library's own documented loop
asks, of how many trials, failed ones included; CPU seconds per trial of that loop; and what ours adds outside the
library's functions, which must stay under 5 % of the library's own or 0.2 ms, whichever is larger. Fails (exit status
1) where it does not, or where a trial differs. By default those that take a tenth of a second for a trial run 20 of
them, on one space; `--trials 50` runs as many of all. The loops stand in tests/support/loops_*.py; SMAC's
has its start points sorted as the adapter's (docs/faithful.md, which compares all as they are).
"""

import argparse
import os
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/support"))

FEW = 20
"""Trials of a slow optimiser by default."""
SLOW = ("skopt_", "hyperopt_atpe", "optuna_gp", "smac", "ax")
ATTEMPTS = 4
"""How often one over the bound is measured again: the machine may have been disturbed."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Each optimiser beside its library's own loop.")
    parser.add_argument("names", nargs="*", help="of configs; all by default")
    parser.add_argument("--trials", type=int, help=f"of each; by default 50 or 100, of the slow ones {FEW}")
    arguments = parser.parse_args()
    loops: Any = import_module("loops")
    start, wrong, missing = time.perf_counter(), [], []
    print("| optimiser | library | space | equal to its own loop (trials) | own seconds per trial | added seconds |")
    print("|---|---|---|---|---|---|")
    for case in loops.cases():
        if arguments.names and case.name not in arguments.names:
            continue
        if case.missing:
            missing.append(f"{case.name} ({case.needs})")
            continue
        few = case.name.startswith(SLOW)
        if few and case.label != "flat" and not arguments.trials:
            continue
        measured = measure(loops, case, arguments.trials or (FEW if few else max(50, case.few)))
        print(
            f"| {case.name} | {library(loops, case)} | {case.label} | {measured.equal} of {measured.trials} | "
            f"{measured.own:.5f} | {measured.added:.5f} |",
            flush=True,
        )
        if measured.equal < measured.trials or measured.added > measured.bound:
            wrong.append(f"{case.name} ({case.label})")
    print(
        f"\n{time.perf_counter() - start:.0f} s"
        + (f"; not installed: {', '.join(sorted(set(missing)))}" * bool(missing))
    )
    if wrong:
        print(f"differs from its own loop, or adds too much: {', '.join(wrong)}")
    return 1 if wrong else 0


def measure(loops: Any, case: Any, trials: int) -> Any:
    """The attempt that added least."""
    attempts = [loops.compare(case, 3, trials)]
    while (
        attempts[-1].added > attempts[-1].bound
        and attempts[-1].equal == attempts[-1].trials
        and len(attempts) < ATTEMPTS
    ):
        attempts.append(loops.compare(case, 3, trials))
    return min(attempts, key=lambda comparison: comparison.added)


def library(loops: Any, case: Any) -> str:
    """The first of the adapter's libraries, with its version; none for a method of our own."""
    name = loops.build(case.name, case.space).libraries[0]
    try:
        return f"{name} {version(name)}" if name != "numpy" else "its definition"
    except PackageNotFoundError:
        return str(name)


if __name__ == "__main__":
    sys.exit(main())
