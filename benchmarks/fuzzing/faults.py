"""Put faults that were mended back, one at a time, and see whether the fuzzer finds each, and after how many cases.

Run as `python benchmarks/fuzzing/faults.py` (`--only TEXT` takes those whose names contain it). Each fault replaces
text in a copy of the checkout, as benchmarks/mutations does; the cases are those of the suite, in their order, until
one has a finding. That case must have none without the fault. Exits with status 1 where a fault is not found.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks/mutations"))

copied = import_module("mutations").copied

MOST = 1000
"""Cases after which a fault counts as not found: as many as the suite plays."""


@dataclass(frozen=True)
class Fault:
    """Text of one file that occurs once in it, what stood there before, and the commit that mended it."""

    name: str
    path: str
    old: str
    new: str
    mended: str


FAULTS = [
    Fault(
        "text among numbers makes a column of categories, in silence",
        "bench/datasets/doubts.py",
        "    if odd and (of_known >= NEARLY or (share >= 0.5 and len(odd) <= _ODD)):\n",
        "    if odd and of_known > 1:\n",
        "80b5425",
    ),
    Fault(
        "a parquet file's damaged description for pandas is a traceback",
        "bench/datasets/file.py",
        '    except (*_NO_PARQUET, *_NO_PANDAS) as error:\n        raise _damaged(error, path, "parquet") from None\n',
        '    except _NO_PARQUET as error:\n        raise _damaged(error, path, "parquet") from None\n',
        "9c4d829",
    ),
    Fault(
        "a trial table's metadata are taken at their word",
        "bench/results/metadata.py",
        "    fault = soundness.fault_of_metadata(metadata)\n",
        "    fault = None\n",
        "0b86037",
    ),
    Fault(
        "a store's rows are taken at their word",
        "bench/store/contents.py",
        "        yield [_sound(store, dict(row)) for row in rows]\n",
        "        yield [dict(row) for row in rows]\n",
        "9c4d829",
    ),
    Fault(
        "a parameter's type that is no text is a traceback",
        "bench/space/parsing.py",
        "    if not isinstance(kind, str) or kind not in _KEYS:\n",
        "    if kind not in _KEYS:\n",
        "82ec08c",
    ),
]

PLAYED = """
import json, sys
from pathlib import Path
from fuzzing import cases
from fuzzing.templates import Templates
made = Templates(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    played = cases.play(number, made, cases.SUITE, quick=True)
    if played.findings:
        print(json.dumps([number, played.kind, played.findings[0]]))
        break
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="faults whose names contain this")
    only = parser.parse_args().only
    missed = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        copy, made = Path(folder) / "copy", Path(folder) / "templates"
        copied(copy)
        for fault in (each for each in FAULTS if only in each.name):
            found = with_fault(copy, made, fault)
            if found is None:
                print(f"NOT FOUND in {MOST} cases: {fault.name} (mended by {fault.mended})", flush=True)
            else:
                number, kind, finding = found
                without = first_finding(copy, made, number, number + 1)
                missed += without is not None
                also = "; BUT ALSO WITHOUT THE FAULT" if without else ""
                print(f"found after {number + 1} cases ({kind}): {fault.name} (mended by {fault.mended}){also}")
                print(f"  {finding[:300]}", flush=True)
            missed += found is None
    return int(missed > 0)


def with_fault(copy: Path, made: Path, fault: Fault) -> tuple[int, str, str] | None:
    """The first case with a finding where the fault is put back: its number, its kind and what was found."""
    path = copy / fault.path
    text = path.read_text(encoding="utf-8")
    if text.count(fault.old) != 1:
        raise SystemExit(f"{fault.name}: {fault.path} has {fault.old!r} {text.count(fault.old)} times")
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    try:
        return first_finding(copy, made, 0, MOST)
    finally:
        path.write_text(text, encoding="utf-8")


def first_finding(copy: Path, made: Path, first: int, last: int) -> tuple[int, str, str] | None:
    """The first case from `first` on, before `last`, with a finding in a copy of the checkout."""
    paths = os.pathsep.join([str(copy), str(copy / "tests/support")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", PLAYED, str(made), str(first), str(last)]
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the cases ended with status {done.returncode}: {done.stderr[-1500:]}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    if not lines:
        return None
    number, kind, finding = json.loads(lines[-1])
    return int(number), str(kind), str(finding)


if __name__ == "__main__":
    sys.exit(main())
