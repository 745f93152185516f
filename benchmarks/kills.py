"""What no mishap may do to a sweep: killed, cut off or starved at seeded moments, it ends as it does undisturbed.

Sweeps of `bench run` (see benchmarks/killing) are disturbed: the command, a worker, a child or the whole group gets
SIGKILL, SIGTERM, SIGHUP, SIGINT or SIGSTOP, Slurm cancels or requeues a job, the store's server ends, clocks jump, the
disk is full, descriptors or addresses run out. Then the same command is started again until it is done, and
compared with the sweep as it is undisturbed. Exits with status 1 where something does not hold.

    python benchmarks/kills.py                         a few cases, some two minutes
    python benchmarks/kills.py --write docs/killed.md  all of them, an hour; goes on where it was interrupted
    python benchmarks/kills.py --case 17               one of them again
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tests/support")]

from killing import played, written  # noqa: E402
from killing.cases import Case, drawn  # noqa: E402
from killing.places import Missing, Places  # noqa: E402

FEW = (0, 1, 14)
"""Cases that are cheap and need no server."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of the moments, and of what strikes; 0 by default")
    parser.add_argument("--case", type=int, nargs="+", help="these cases alone, whether or not they were played")
    parser.add_argument(
        "--write", type=Path, metavar="FILE", help="play every case, or those of --case, and write the page"
    )
    parser.add_argument(
        "--folder", type=Path, help="where outcomes and what failed are kept; with --write build/kills by default"
    )
    arguments = parser.parse_args()
    cases = drawn(arguments.seed)
    if arguments.case and not all(0 <= number < len(cases) for number in arguments.case):
        parser.error(f"--case: there are cases from 0 to {len(cases) - 1}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its servers end with it
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else every process compiles all that it imports
    with tempfile.TemporaryDirectory(prefix="kills-") as scratch:
        folder = arguments.folder or (ROOT / "build/kills" if arguments.write else Path(scratch))
        record = written.Record(folder / "outcomes.jsonl")
        there = record.played(arguments.seed)
        if arguments.case:
            wanted = [cases[number] for number in arguments.case]
        else:
            every = cases if arguments.write else [cases[number] for number in FEW]
            wanted = [case for case in every if case.number not in there or there[case.number].findings]
        with Places() as places:
            missing = play(wanted, arguments.seed, folder.absolute(), record, places)
    outcomes = there | record.played(arguments.seed) if folder.exists() else there
    if arguments.write:
        arguments.write.write_text(written.page(arguments.seed, cases, outcomes, missing))
    return int(any(outcome.findings for outcome in outcomes.values()))


def play(cases: list[Case], seed: int, folder: Path, record: written.Record, places: Places) -> list[str]:
    """Play cases one after the other, and note each; returns what is missing here for those that were left out."""
    missing = []
    for case in cases:
        place = folder / f"case-{case.number}"
        shutil.rmtree(place, ignore_errors=True)
        try:
            outcome = played.Played(case, place, folder / "calm", places, seed).play()
        except Missing as error:
            missing.append(f"case {case.number}, {error}")
            continue
        print(written.line(case, outcome), flush=True)
        record.add(seed, case, outcome)
        if not outcome.findings:
            shutil.rmtree(place, ignore_errors=True)
    return missing


if __name__ == "__main__":
    sys.exit(main())
