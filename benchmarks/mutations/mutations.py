"""Break the suite on purpose, one mutation at a time, and see whether its tests notice.

Each mutation replaces one piece of text in a copy of the checkout and runs the tests that should fail: they must pass
without it and fail with it. Prints which test noticed; exit status 1 where a mutation survives. `--only TEXT` takes
those whose names contain it.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from mutated import MUTATIONS, Mutation

ROOT = Path(__file__).resolve().parents[2]
HANGS = 1200
"""Seconds after which the tests of a mutation are taken to hang, which somebody would notice."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="mutations whose names contain this")
    only = parser.parse_args().only
    chosen = [mutation for mutation in MUTATIONS if only in mutation.name]
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        copy = Path(folder) / "copy"
        copied(copy)
        tests = sorted({test for mutation in chosen for test in mutation.tests})
        status, failure = run(copy, tests, None)  # all of them take as long as the machine needs
        if status:
            print(f"the tests fail without any mutation: {failure}")
            return 1
        print(f"{len(chosen)} mutations; their tests pass without any of them\n")
        survivors = [mutation.name for mutation in chosen if not noticed(copy, mutation)]
    for name in survivors:
        print(f"SURVIVED: {name}")
    return 1 if survivors else 0


def copied(copy: Path) -> None:
    """A copy of what git knows of the checkout, as it is now; without committed reports, which no mutation needs."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source, place = ROOT / name, copy / name
        if source.exists() and not name.startswith(("reports/", "results/")):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place)


def noticed(copy: Path, mutation: Mutation) -> bool:
    """Whether a test fails with the mutation; prints which."""
    path = copy / mutation.path
    text = mutated = path.read_text(encoding="utf-8")
    for old, new in mutation.edits:
        if text.count(old) != 1:
            raise SystemExit(f"{mutation.name}: {mutation.path} has {old!r} {text.count(old)} times")
        mutated = mutated.replace(old, new)
    path.write_text(mutated, encoding="utf-8")
    start = time.monotonic()
    try:
        status, failure = run(copy, mutation.tests)
    finally:
        path.write_text(text, encoding="utf-8")
    print(
        f"{'noticed' if status else 'SURVIVED':<9} {mutation.name}: {failure or '-'} ({time.monotonic() - start:.0f} s)"
    )
    sys.stdout.flush()
    return status != 0


def run(copy: Path, tests: list[str] | tuple[str, ...], limit: int | None = HANGS) -> tuple[int, str]:
    """Pytest's exit status, 0 or 1, and the first test that failed; after `limit` seconds they are taken to hang."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": str(copy)}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, check=False, timeout=limit
        )
    except subprocess.TimeoutExpired:
        return 1, f"a test was still running after {limit} s"
    failure = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if done.returncode not in (0, 1, 2) or (done.returncode and failure is None):
        raise SystemExit(f"{tests}: pytest ended with {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode, failure[1] if failure else ""


if __name__ == "__main__":
    sys.exit(main())
