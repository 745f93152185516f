"""Losses near the ends of a float: the problem is named and left out, or drawn; the others are reported."""

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import trials
from commands import bench

from bench.report import build
from bench.report.runs import extremes
from bench.report.statistics import quartiles
from bench.results import RunId

pytestmark = pytest.mark.usefixtures("unsaved")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(dataset: str, losses: list[float], seeds: int = 6) -> None:
    for seed in range(seeds):
        for name, share in (("random", 1.0), ("skopt_gp", 0.99)):
            scaled = [loss * share * (1 - seed / 100) for loss in losses]
            trials.put(Path("results"), RunId("e", dataset, "m", name, seed), scaled, scaled)


SOUND = [1.0, 0.5, 0.4, 0.3]


@pytest.mark.parametrize("losses", [[1e308, 9e307], [-1e307, -1e308], [1e308, -1.7e308], [1e308] * 3, [1e300, -1e200]])
def test_losses_near_the_limit_are_named_and_the_others_reported(
    capsys: pytest.CaptureFixture[str], losses: list[float]
) -> None:
    put("huge", losses)
    put("sound", SOUND)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # an overflow
        assert bench("report", "e") == 1
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 1
    assert lines[-1].startswith("bench report: warning: not drawn: huge/m: its losses reach ")
    assert captured.out == "reports/e/report.html\n"
    assert list(Path("reports/e/figures").glob("sound-m-*.png"))
    assert not list(Path("reports/e").rglob("huge-m*"))
    assert lines[-1].removeprefix("bench report: warning: ") in Path("reports/e/report.md").read_text()
    assert "Not drawn: huge/m: its losses reach" in Path("reports/e/report.html").read_text()
    assert bench("report", "e", "--check") == 0


def test_alone_it_is_what_the_command_says(capsys: pytest.CaptureFixture[str]) -> None:
    put("huge", [1e308, 9e307])
    assert bench("report", "e") == 2
    line = capsys.readouterr().err
    assert line.startswith("bench: nothing is left to report: not drawn: huge/m: its losses reach 9e+307")
    assert not Path("reports").exists()


@pytest.mark.parametrize(
    "losses",
    [
        [5e-324, 5e-324, 0.0],
        [1e-300, 1e-310, 5e-324],
        [0.0, -5e-324, -1e-320],
        [1.0, 1.0, 1.0],
        [0.0, 0.0, 0.0],
        [-1e-320] * 3,
        [1e150, 1e149, -1e148],
        [1e308, *(1 / (trial + 1) for trial in range(19))],
        [1e308, -1e200 / 1e150, *[-2e50] * 18],
        [1e308, *(10.0 ** -(20 * trial) for trial in range(16))],
    ],
    ids=str,
)
def test_the_small_the_constant_and_the_diverged_at_first_are_drawn(losses: list[float]) -> None:
    put("odd", losses)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        _, whole = build.write(Path("results"), Path("reports"), ["e"])
    assert whole


def test_what_fails_in_a_problem_of_ordinary_losses_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    put("sound", SOUND)

    def fail(*_: object) -> None:
        raise ValueError("ours")

    monkeypatch.setattr(build, "analyse", fail)
    with pytest.raises(ValueError, match="ours"):
        build.build(Path("results"), Path("reports"), ["e"])
    put("near", [1e308, 1.0, 0.5])
    with pytest.raises(ValueError, match="ours"):
        build.build(Path("results"), Path("reports"), ["e"])


def test_the_way_between_two_losses_does_not_overflow() -> None:
    low, high = np.array([-1.5e308, -1e308, 0.0]), np.array([1.5e308, math.inf, 1e308])
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert quartiles.between(low, high, 0.5).tolist() == [0.0, math.inf, 5e307]
    assert math.inf > extremes.LARGEST**2 * 1e6
