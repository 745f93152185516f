"""Seeds that are added until a comparison is decided: who goes on, what a stop changes, and what is refused."""

import itertools
from pathlib import Path

import inline
import pandas as pd
import pytest
from commands import bench
from scipy import stats

from bench.report import summary
from bench.report.runs.selection import Selection
from bench.results import read

LOOKS = "seeds.looks=[6,7,9]"
SWEEP = [
    *("run", "-m", "--config-dir", "mine", "engine=inline", "dataset=function", "model=branin", "budget.trials=3"),
    *("name=e", "seeds.most=9", LOOKS),
]
THREE = "optimizer=near,random,drawing"
UNTIL = "seeds.until=decided"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(inline, "RUNS", itertools.count(1))
    for group, name, path in (
        ("engine", "inline", "inline.execute_all"),
        *(("optimizer", name, f"inline.{name.capitalize()}") for name in ("near", "drawing", "failing")),
    ):
        place = tmp_path / "mine" / group
        place.mkdir(parents=True, exist_ok=True)
        settings = "settings: {}\n" if group == "optimizer" else ""
        (place / f"{name}.yaml").write_text(f"name: {name}\nclass: {path}\n{settings}")
    return tmp_path


def seeds() -> dict[str, list[int]]:
    """Those of each optimiser that have a table."""
    found: dict[str, list[int]] = {}
    for path in Path("results/e/function/branin").glob("*/*.parquet"):
        found.setdefault(path.parent.name, []).append(int(path.stem))
    return {name: sorted(own) for name, own in sorted(found.items())}


def report() -> summary.Summary:
    return summary.read(Path("results"), Path("reports/e"), Selection(("e",)))


def trials() -> pd.DataFrame:
    return read(Path("results"), ["e"]).trials[["optimizer", "seed", "trial", "configuration", "loss"]]


def test_whoever_is_decided_stops_and_the_report_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(*SWEEP, THREE, UNTIL, "seed=range(3,5)") == 0
    shown = capsys.readouterr().err
    assert "after 6 seeds: 2 of 3 pairs decided; drawing, random go on" in shown
    assert "branin: 1 of 3 pairs still open after 9 of at most 9 seeds: random and drawing" in shown
    assert seeds() == {"drawing": list(range(3, 12)), "near": list(range(3, 9)), "random": list(range(3, 12))}
    analysed = report()
    losses = trials().groupby(["optimizer", "seed"], observed=True)["loss"].min()
    one, other = losses["drawing"].to_numpy(), losses["random"].to_numpy()
    q = min(stats.mannwhitneyu(one[:n], other[:n], method="exact").pvalue * 22 / n for n in (6, 7, 9))
    row = analysed.analysis.pair("validation", "drawing", "random")
    assert row["p"] == pytest.approx(min(1, q))
    assert row["better"] == ""
    assert "after 9 of at most 9 seeds: 2 of 3 pairs differ, 1 is open (" in analysed.plain
    assert bench("status", "e") == 0
    assert "branin: 1 of 3 pairs still open after 9 of at most 9 seeds: " in capsys.readouterr().out
    assert bench(*SWEEP, THREE, UNTIL, "seed=3") == 0
    assert "24 of 24 runs are done; nothing to do" in capsys.readouterr().err


@pytest.mark.parametrize("stop", [20, *(pytest.param(each, marks=pytest.mark.exhaustive) for each in (4, 19, 21, 22))])
def test_a_sweep_that_was_stopped_goes_the_same_way(
    stop: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*SWEEP, THREE, UNTIL) == 0
    whole = trials()
    Path("results").rename("other")
    monkeypatch.setattr(inline, "RUNS", itertools.count(1))
    monkeypatch.setenv("INLINE_STOPS", str(stop))
    assert bench(*SWEEP, THREE, UNTIL) == 130
    assert sum(map(len, seeds().values())) == stop - 1
    monkeypatch.delenv("INLINE_STOPS")
    capsys.readouterr()
    assert bench(*SWEEP, THREE, UNTIL, "dry_run=true") == 0
    shown = capsys.readouterr().out
    assert ("more, to seed 8, while pairs are open" in shown) == (stop < 21)
    assert bench(*SWEEP, THREE, UNTIL) == 0
    pd.testing.assert_frame_equal(trials(), whole)


def test_seeds_given_before_and_after_are_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    fixed = [each for each in SWEEP if not each.startswith("seeds.")]
    assert bench(*fixed, THREE, "seed=range(0,6)") == 0
    capsys.readouterr()
    assert bench(*SWEEP, THREE, UNTIL) == 0
    assert "note: 18 finished runs had a fixed number of seeds and are kept; from now on" in capsys.readouterr().err
    assert {name: len(own) for name, own in seeds().items()} == {"drawing": 9, "near": 6, "random": 9}
    before = report().analysis.pair("validation", "near", "random")
    assert bench(*fixed, "optimizer=near,random", "seed=range(6,11)") == 0
    said = report()
    assert said.analysis.pair("validation", "near", "random")["looked"] == 9
    assert said.analysis.pair("validation", "near", "random")["p"] <= before["p"]
    assert "Shown, but in no test, are seeds of looks that are not full: near 9-10; random search 9-10." in said.plain
    assert bench(*SWEEP, THREE, UNTIL, "seeds.most=8") == 2
    assert "a plan must not change once it has begun" in capsys.readouterr().err


def test_a_failing_run_stops_its_optimiser_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench(*SWEEP, "optimizer=failing,random,drawing", UNTIL) == 1
    assert {name: len(own) for name, own in seeds().items()} == {"drawing": 9, "failing": 5, "random": 9}
    assert "after 6 seeds: 0 of 1 pair decided; drawing, random go on" in capsys.readouterr().err
    assert "failing lacks some of the seeds of the first look, 0-5: shown, not ranked." in report().plain


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["optimizer=random"], "seeds.until=decided: branin has one optimiser, random, and nothing to decide"),
        ([THREE, "seed=0,2"], "seed=0,2: has gaps, and with seeds.until=decided seeds follow one another"),
        ([THREE, "seeds.looks=[6,6]"], r"seeds.looks=[6, 6]: expected numbers of seeds that increase"),
        ([THREE, "seeds.most=5"], "seeds.most=5: is below the first of seeds.looks, 6"),
        ([THREE, "seeds.until=null"], "seeds.most=9: has no effect without seeds.until=decided"),
        ([THREE, "budget.trials=null", "budget.seconds=1"], "budget: has seconds alone"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    overrides: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench(*SWEEP, UNTIL, *overrides) == 2
    assert message in capsys.readouterr().err
    assert not Path("results/e").exists()


def test_a_single_run_has_no_seeds_to_add(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("run", "dataset=function", "model=branin", UNTIL) == 2
    assert "seeds.until=decided: a single run has no seeds to add" in capsys.readouterr().err
