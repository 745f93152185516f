"""What holds for every test, set before anything numeric is imported; and which tests run where."""

import os
from collections.abc import Iterator

import pytest
from drawing import ALL, FACTOR
from hypothesis import settings

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command sets it for itself
os.environ["MPLBACKEND"] = "Agg"
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "FORCE_COLOR", "PY_COLORS"):
    os.environ.pop(name, None)  # what `make test` was given is not meant for the commands that tests start

# `make test` draws the same examples for everyone, so that green is green; `make test-all` draws others, and ten times
# as many. How long an example takes says nothing on a busy machine; a failure comes with the line that repeats it.
settings.register_profile("suite", deadline=None, print_blob=True, derandomize=True, max_examples=100, database=None)
settings.register_profile("all", deadline=None, print_blob=True, max_examples=100 * FACTOR)
settings.load_profile("all" if ALL else "suite")


LONG = ("engines/test_slurm", "engines/", "conformance/", "tests/test_")
"""What takes minutes, on the clock (Slurm waits) or on a core."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cpu", type=int, metavar="N", help="show the N tests that took the most CPU seconds")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files first, so that all workers end together; and what is for `make test-all` only where it is asked for.

    Files are dealt whole (`--dist loadfile`): what a file imports and shares is there once. There are more workers than
    cores, since some tests wait.
    """
    items.sort(key=lambda item: next((place for place, name in enumerate(LONG) if name in item.nodeid), len(LONG)))
    if ALL:
        return
    named = {part for argument in config.args for part in argument.partition("::")[2].split("::")} - {""}
    left_out = [
        item for item in items if item.get_closest_marker("exhaustive") and item.name.partition("[")[0] not in named
    ]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


# What each test costs: CPU seconds of this process and of the children that it waited for.

_begun = pytest.StashKey[float]()


def _cpu_seconds() -> float:
    return sum(os.times()[:4])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_begun] = _cpu_seconds()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if call.when == "teardown" and _begun in item.stash:
        report.user_properties.append(("cpu", _cpu_seconds() - item.stash[_begun]))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    count = config.getoption("--cpu")
    if not count:
        return
    every = [report for reports in terminalreporter.stats.values() for report in reports]
    costs = {
        report.nodeid: value
        for report in every
        for key, value in getattr(report, "user_properties", ())
        if key == "cpu" and report.when == "teardown"
    }
    files: dict[str, float] = {}
    for test, seconds in costs.items():
        file = test.partition("::")[0]
        files[file] = files.get(file, 0.0) + seconds
    for title, of in (("tests", costs), ("files", files)):
        terminalreporter.section(f"CPU seconds of {title}, {sum(of.values()):.0f} in all")
        for key, seconds in sorted(of.items(), key=lambda pair: -pair[1])[:count]:
            terminalreporter.write_line(f"{seconds:7.1f}  {key}")
