"""A folder in which commands are run and watched: what they say, how they end, what they leave of what was there."""

import contextlib
import hashlib
import io
import os
import re
import shlex
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

from commands import bench

from bench.errors import UserError

CPU_LIMIT, LIMIT = 60, 300
"""CPU seconds, and seconds on the clock, after which a command is taken to hang: a busy machine takes its time."""
LONGEST = 4500
"""Characters that a line of the command's may have: what is stored of a message has 4,096 bytes."""
ENDS = {"run": {0, 1, 2}, "report": {0, 1, 2}, "verify": {0, 1, 2}, "check": {0, 1, 2}, "control": {0, 1, 2}}
"""Exit statuses that are documented of a verb; of others 0 and 2."""
_PROGRESS = ("bench: warning: ", "bench: fitting ", "bench: evaluating ")
_NOISE = re.compile(r"Traceback|Warning[:)]|^\s+File \"|^\s{4}\w.*\($|Exception ignored|^\w+(\.\w+)*Error\b")
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


class Hung(BaseException):
    """A command took too long."""


@dataclass
class Outcome:
    """How a command ended."""

    arguments: list[str]
    status: int | None
    out: str
    err: str
    crash: str = ""


@dataclass
class World:
    """`work` is where commands run; of `outside`, which lies beside it, nothing may change."""

    root: Path
    quick: bool = False
    """Whether what is read is read by a call, where the command would first compose a whole config."""
    findings: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.work, self.outside = self.root / "work", self.root / "outside"
        for folder in (self.work, self.outside, self.root / "home", self.root / "tmp"):
            folder.mkdir(parents=True)
        (self.outside / "kept.txt").write_text("kept\n")

    def found(self, what: str) -> None:
        self.findings.append(what)

    def bench(self, *arguments: object, may_change: Callable[[str], bool] = lambda _: False) -> Outcome:
        """Run a command; `may_change` says of which files, by their path in `work`, the content may change or go."""
        words = [str(each) for each in arguments]
        self.commands.append(shlex.join(["bench", *words]))
        before = state(self.root)
        outcome = run(words, self.root, self.work)
        for line in [*said(outcome), *changed(before, state(self.root), self.written(words), may_change)]:
            self.found(f"{shlex.join(['bench', *words])[:600]}: {line}")
        return outcome

    @contextlib.contextmanager
    def calling(self, what: str, longest: int = 3000) -> Iterator[None]:
        """What is called here as a command calls it ends well, or by a `UserError` of one line, which is no finding."""
        self.commands.append(what)
        try:
            yield
        except UserError as error:
            if "\n" in str(error) or len(str(error)) > longest:
                self.found(f"{what}: a message of several lines, or too long: {str(error)[:300]!r}")
        except Exception as error:  # noqa: BLE001 - whatever is no `UserError` would be a traceback
            self.found(f"{what}: {type(error).__name__}: {str(error)[:300]} at {where(error)}")

    def written(self, words: list[str]) -> list[str]:
        """Where a command of these words may make files, by their path in `root`."""
        verb = words[0] if words else ""
        given = [f"work/{place}" for place in _WRITTEN.get(" ".join(words[:2]), _WRITTEN.get(verb, ()))]
        named = [word.rpartition("sqlite:///")[2] for word in words if "sqlite:///" in word]
        named += [place for option, place in pairwise(words) if option in ("--folder", "--out")]
        named += [word.partition("=")[2] for word in words if word.startswith(("--folder=", "--out="))]
        named += words[2:3] if "work/FILE" in given else []
        return [*(place for place in given if place != "work/FILE"), *(f"work/{place}" for place in named)]


_WRITTEN = {
    "run": ("results", "datasets"),
    "report": ("reports", "results"),
    "control": ("results",),
    "import": ("results",),
    "pack": ("results",),
    "fit": ("model", "results/store", "datasets"),
    "explain": ("reports",),
    "new": ("mine",),
    "status": ("results/store",),
    "store export": ("FILE", "results/store"),
    "store show": ("results/store",),
    "store import": ("results", "other.sqlite-"),
    "store prune": ("results/store",),
}


_OF_ALL = ("home/.config", "home/.cache", "tmp/hpo-compare-cores-")
"""Where every command may make files: fonts of figures, which cores are taken."""


def state(root: Path) -> dict[str, str]:
    """What lies in a folder: of each file the digest of its content, of others their kind."""
    found: dict[str, str] = {}
    for folder, names, files in os.walk(root):
        for name in [*names, *files]:
            path = Path(folder, name)
            place = str(path.relative_to(root))
            if path.is_symlink():
                found[place] = f"link to {path.readlink()}"
            elif path.is_file():
                found[place] = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
            else:
                found[place] = "a folder" if path.is_dir() else "special"
    return found


def changed(
    before: dict[str, str], after: dict[str, str], written: list[str], may_change: Callable[[str], bool]
) -> Iterator[str]:
    """What a command changed and must not have."""
    new = after.keys() - before.keys()
    moved = {after[place] for place in new}
    beside = {(str(Path(place).with_suffix("")), after[place]) for place in new}
    for place, content in before.items():
        if (place not in after and content in moved) or (str(Path(place).with_suffix("")), content) in beside:
            continue  # set aside under another name, or beside what was made anew in its place
        if after.get(place) == content or place.endswith((".sqlite", ".sqlite-wal", ".sqlite-shm")):
            continue  # of databases, which are written to where they are read, the rows are looked at elsewhere
        if not may_change(place.removeprefix("work/")):
            yield f"{'removed' if place not in after else 'changed'} {place}"
    for place in new:
        if not any(place.startswith(allowed) or allowed.startswith(f"{place}/") for allowed in (*written, *_OF_ALL)):
            yield f"made {place}"


def run(words: list[str], root: Path, folder: Path) -> Outcome:
    """Run the command in this process, in `folder`; writing anywhere but in `root` is noted."""
    out, err = (
        io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape", write_through=True) for _ in range(2)
    )
    crash, status, place = "", None, Path.cwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _watched(root), _limited():
            places = {"HOME": str(root / "home"), "TMPDIR": str(root / "tmp"), "COLUMNS": "80"}
            with mock.patch.dict(os.environ, places), mock.patch.object(tempfile, "tempdir", places["TMPDIR"]):
                status = bench(*words)
    except Hung:
        crash = f"still running after {CPU_LIMIT} CPU seconds, or {LIMIT} s on the clock"
    except BaseException as error:  # noqa: BLE001 - whatever leaves the command would be a traceback
        crash = f"left by {type(error).__name__}: {_first_line(error)} at {where(error)}"
    finally:
        os.chdir(place)
    texts = [stream.buffer.getvalue().decode("utf-8", "replace") for stream in (out, err)]  # type: ignore[attr-defined]
    return Outcome(words, status, *texts, crash)


def _first_line(error: BaseException) -> str:
    try:
        return next(iter(str(error).splitlines()), "")[:300]
    except Exception:  # noqa: BLE001
        return "(no message)"


def where(error: BaseException) -> str:
    """The innermost frame of the suite, and the innermost of all."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/bench/" in frame.filename]
    shown = [*own[-1:], *frames[-1:]]
    return " / ".join(f"{frame.filename.rpartition('/bench/')[2]}:{frame.lineno}" for frame in shown)


def said(outcome: Outcome) -> Iterator[str]:
    """What is wrong with how a command ended and what it printed."""
    if outcome.crash:
        yield outcome.crash
        return
    lines = outcome.err.split("\n")[:-1]
    yield from _ended(outcome, lines)
    checks = (
        ("noise on stderr", lines, _NOISE.search),
        ("a line that acts on a terminal", [*lines, *outcome.out.split("\n")], _ACTING.search),
        ("a line that is too long", [*lines, *outcome.out.split("\n")], lambda line: len(line) > LONGEST),
        ("a traceback", outcome.out.split("\n"), lambda line: line.startswith("Traceback (most recent")),
    )
    for what, among, is_so in checks:
        line = next(filter(is_so, among), None)
        if line is not None:
            yield f"{what}: {line[:300]!r}"


def _ended(outcome: Outcome, lines: list[str]) -> Iterator[str]:
    """What is wrong with a command's exit status, and with what it says of why."""
    allowed = ENDS.get(outcome.arguments[0] if outcome.arguments else "", {0, 2})
    if outcome.status not in allowed:
        yield f"exit status {outcome.status}; documented: {sorted(allowed)}; {outcome.err[-300:]!r}"
    complaints = [line for line in lines if line.startswith("bench: ") and not line.startswith(_PROGRESS)]
    if outcome.status == 2 and len(complaints) != 1:
        yield f"exit status 2 with {len(complaints)} lines that say why: {outcome.err[:600]!r}"
    elif outcome.status == 2 and lines[-1] != complaints[0]:
        yield f"exit status 2, and its last line is not why: {outcome.err[-600:]!r}"
    if outcome.status == 0 and complaints:
        yield f"exit status 0 with a complaint: {complaints[0][:600]!r}"
    if len(set(complaints)) < len(complaints):
        yield f"a line twice: {complaints!r}"


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """Raise `Hung` in what takes too long."""

    def stop(*_: Any) -> None:
        raise Hung

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGALRM, signal.SIGPROF)}
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT)
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


# --- what a process does beyond its folders -------------------------------------------------------------------------

_watching: list[Path] = []
_seen: list[str] = []
_PROGRAMS = ("git", "fc-list", "uname", "lscpu", "ldconfig", "gcc", "cc", "ld", "objdump")


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watching:
        return
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        raise OSError(101, "Network is unreachable")
    if event in ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen"):
        program = Path(os.fsdecode(arguments[0])).name if arguments[0] else ""
        if program not in (*_PROGRAMS, Path(sys.executable).name):
            _seen.append(f"starts {program!r}")
            raise FileNotFoundError(2, "No such file or directory", program)
    path = _written_to(event, arguments)
    if path is not None and not _allowed(path):
        _seen.append(f"{event} of {path}")


def _written_to(event: str, arguments: tuple[Any, ...]) -> str | None:
    if event == "open":
        path, mode, flags = (*arguments, None, None)[:3]
        writes = (isinstance(mode, str) and set(mode) & set("wax+")) or (
            mode is None and isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        )
        return os.fsdecode(path) if writes and isinstance(path, str | bytes | os.PathLike) else None
    if event in ("os.mkdir", "os.remove", "os.rmdir", "os.truncate", "shutil.rmtree", "os.chmod"):
        return os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else None
    if event in ("os.rename", "os.symlink", "os.link"):
        return os.fsdecode(arguments[1])
    return None


def _allowed(path: str) -> bool:
    place = os.path.abspath(path)  # noqa: PTH100 - a link's own place is meant
    own = place.startswith((f"{_watching[-1]}/", "/dev/null", "/dev/shm/", "/proc/self/"))
    return own or "__pycache__" in Path(place).parts  # what Python compiles where it is imported first


@contextlib.contextmanager
def _watched(root: Path) -> Iterator[None]:
    """What is written elsewhere than in `root`, or started, is raised at the end."""
    global _hooked  # noqa: PLW0603 - a hook can be added and never removed
    if not _hooked:
        sys.addaudithook(_audit)
        _hooked = True
    _seen.clear()
    _watching.append(root)
    try:
        yield
    finally:
        _watching.pop()
    if _seen:
        raise WroteElsewhere("; ".join(list(dict.fromkeys(_seen))[:3]))


class WroteElsewhere(Exception):
    """A command wrote outside its folders, or started a program."""


_hooked = False
