"""Replay of an experiment: what is fitted, named, refused and marked, and its control; bad input in one line."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import ROOT, TOY, bench, table
from scipy import stats

from bench import problems, results
from bench.problems import Recipe
from bench.problems.surrogates import evaluations, fitting, limits, stored
from bench.report import summary
from bench.report.runs import selection
from bench.running import replaying

REPLAY = ["run", "dataset=replay", "dataset.experiment=e", "dataset.problem=wine/toy", "model=replay"]
BRANIN = ["run", "dataset=replay", "dataset.experiment=e", "dataset.problem=function/branin", "model=replay"]


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Fewer trees, and two ensembles to choose from: what is tested does not depend on them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "TREES", 25)
        patch.setattr("bench.problems.surrogates.accuracy.CANDIDATES", fitting.CANDIDATES[1:3])
        patch.setattr(limits, "LEAST_TAU", -1.0)  # so few seeds order optimisers by chance
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three optimisers on a model that fails in a part of its space, and two on a function."""
    folder = tmp_path_factory.mktemp("replayed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        common = ["name=e", "-m", "seed=range(0,2)"]
        chosen = "optimizer=random,sklearn_sampler,hyperopt_tpe"
        failing = [*TOY, "+model.settings.fail_above=0.85", "budget.trials=25"]
        assert bench("run", *failing, *common, chosen) == 0
        few = ["dataset=function", "model=branin", "model.baseline=0", "budget.trials=40"]
        assert bench("run", *few, *common, "optimizer=random,sklearn_sampler") == 0
    return folder


@pytest.fixture
def folder(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(made)
    replaying._surrogate.cache_clear()
    return made


def refused(capsys, *overrides: str, replay: list[str] = REPLAY) -> str:
    capsys.readouterr()
    assert bench(*replay, "budget.trials=3", "name=bad", *overrides) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("bench: fitting")]
    return line


def test_a_replay_is_fitted_once_answers_as_the_model_did_and_says_what_it_is(folder: Path, capsys) -> None:
    chosen = ["budget.trials=20", "name=r", "-m", "optimizer=random,hyperopt_tpe", "seed=range(0,2)"]
    assert bench(*REPLAY, *chosen) == 0
    first = capsys.readouterr().err
    assert "fitting a surrogate to " in first
    assert "wine/toy: losses are those of a surrogate of e; out of group its rank correlation is " in first
    replaying._surrogate.cache_clear()
    assert bench(*REPLAY, "budget.trials=20", "name=again", "optimizer=random", "seed=1") == 0
    assert "fitting" not in capsys.readouterr().err
    columns = ["configuration", "loss", "test_loss", "status", "evaluate_seconds", "evaluation"]
    one, two = (table(folder, f"{name}/wine-replay/toy/random/1")[columns] for name in ("r", "again"))
    assert one.equals(two)
    run = next(iter(results.find(folder / "results", "r")))
    metadata = results.read_metadata(folder / "results", run)
    known = metadata["replay"]
    assert known["sha256"] == metadata["config"]["dataset"]["sha256"]
    assert (known["experiment"], known["problem"], known["forced"]) == ("e", "wine/toy", False)
    assert known["error"]["optimizers"] == known["error"]["groups"] == 3
    assert known["error"]["regret"]["runs"] == 6
    assert (
        metadata["baseline_loss"]
        == results.read_metadata(
            folder / "results", next(run for run in results.find(folder / "results", "e") if run.model == "toy")
        )["baseline_loss"]
    )

    config = metadata["config"]
    problem = problems.build(Recipe(problems.groups_of(config), 0, str(folder / "datasets"), 1))
    rows = table(folder, "e/wine/toy/random/0")
    outcomes = [problem.evaluate(json.loads(text)) for text in rows["configuration"]]
    assert [each.status for each in outcomes] == rows["status"].tolist()
    assert "failed" in set(rows["status"])
    ok = rows["status"] == "ok"
    told = [each.loss for each in outcomes if each.status == "ok"]
    assert stats.spearmanr(told, rows["loss"][ok]).statistic > 0.95
    assert min(each.seconds for each in outcomes) > 0

    shown = summary.read(folder / "results", folder / "none", selection.selection(["r"])).plain
    assert shown.startswith(
        "These losses are replayed: they are those of a surrogate of wine/toy in the experiment e, "
    )
    assert f"{known['error']['best_tenth']['rank_correlation']:.2g} in the best tenth" in shown
    capsys.readouterr()
    assert bench("status", "r") == 0
    assert "wine-replay/toy: replayed from e" in capsys.readouterr().out
    assert bench("verify", "r", "--trials", "5") == 0


def test_what_is_not_good_enough_is_refused_or_forced_and_marked(folder: Path, capsys, monkeypatch) -> None:
    monkeypatch.setattr(limits, "LEAST_RANK", 1.01)
    line = refused(capsys)
    assert (
        "dataset.experiment=e: a replay of it says little of wine/toy: its rank correlation in the best tenth" in line
    )
    assert line.endswith("dataset.force=true uses it all the same, and marks it")
    assert bench(*REPLAY, "budget.trials=8", "name=f", "dataset.force=true") == 0
    (run,) = results.find(folder / "results", "f")
    assert run.dataset == "wine-replay-forced"
    assert results.read_metadata(folder / "results", run)["replay"]["forced"] is True
    shown = summary.read(folder / "results", folder / "none", selection.selection(["f"])).plain
    assert "was refused for its error, and its use forced: nothing said here is a result" in shown


def test_fresh_configurations_are_truly_evaluated(folder: Path, capsys) -> None:
    common = [*BRANIN, "budget.trials=5", "dataset.force=true"]
    assert bench(*common, "name=fresh", "dataset.fresh=30") == 0
    (run,) = results.find(folder / "results", "fresh")
    fresh = results.read_metadata(folder / "results", run)["replay"]["error"]["fresh"]
    assert (fresh["evaluations"], fresh["failed"]) == (30, 0)
    assert fresh["rank_correlation"] > 0.5
    capsys.readouterr()
    assert bench(*common, "name=fresh2") == 0  # what is known of it stays known, and changes nothing of it
    assert "evaluating" not in capsys.readouterr().err
    (again,) = results.find(folder / "results", "fresh2")
    stated = [results.read_metadata(folder / "results", each) for each in (run, again)]
    assert stated[0]["replay"] == stated[1]["replay"]
    assert stated[0]["config_hash"] == stated[1]["config_hash"]
    assert "dataset.fresh=5: its problem cannot be built again here (model.class='toy.Toy'" in refused(
        capsys, "dataset.fresh=5"
    )


def test_a_control_of_what_is_trained_is_its_permuted_replay(folder: Path, capsys) -> None:
    assert bench("control", "e") in (0, 1)
    out = capsys.readouterr().out.splitlines()
    assert any(line.startswith("wine-replay/toy-permuted: ") for line in out)
    kept = json.loads((folder / "results/e/_control.json").read_text())
    assert set(kept) == {"wine/toy", "function/branin"}
    assert kept["wine/toy"]["control"] == "e-control/wine-replay/toy-permuted"
    run = next(run for run in results.find(folder / "results", "e-control") if run.dataset == "wine-replay")
    metadata = results.read_metadata(folder / "results", run)
    assert (metadata["control"], metadata["replay"]["experiment"]) == ("permuted", "e")


def test_bad_input_is_one_line(folder: Path, capsys, monkeypatch) -> None:
    several = ["run", "dataset=replay", "dataset.experiment=e", "model=replay"]
    line = refused(capsys, replay=several)
    assert line.endswith("has 2 problems; choose one, dataset.problem=function/branin, of function/branin, wine/toy")
    assert "dataset.problem='wine/tox': not in experiment e; allowed" in refused(capsys, "dataset.problem=wine/tox")
    assert "experiment 'f9': no finished run in" in refused(capsys, "dataset.experiment=f9")
    assert "dataset.experiment: missing; name an experiment" in refused(capsys, "dataset.experiment=null")
    assert "model=lightgbm: experiment e has trained toy; set model=replay" in refused(capsys, "model=lightgbm")
    wide = "++model.space={x: {type: float, low: 0.0, high: 2.0}}"
    assert "model.space.x: holds 2.0, which is outside of that of experiment e; model=replay has" in refused(
        capsys, wide
    )
    more = "++model.space={x: {type: float, low: 0.0, high: 1.0}, y: {type: int, low: 1, high: 2}}"
    assert "model.space.y: is not in the space of experiment e" in refused(capsys, more)
    assert "metric=error: the loss is that of the experiment; leave metric=auto" in refused(capsys, "metric=error")
    assert "objectives: a replay has one loss" in refused(capsys, "objectives=[log_loss,size]")
    assert "dataset.force='maybe': expected true or false" in refused(capsys, "dataset.force=maybe")
    assert "dataset.fresh=-1: expected a whole number from 0" in refused(capsys, "dataset.fresh=-1")
    assert "choose another experiment to replay" in refused(capsys, "dataset.experiment=r", "dataset.problem=null")
    few = ["run", *TOY, "budget.trials=5", "name=few", "optimizer=random"]
    assert bench(*few) == 0
    line = refused(capsys, "dataset.experiment=few")
    assert "dataset.experiment=few: has evaluated 5 configurations of wine/toy; a surrogate needs 100" in line


def test_a_surrogates_place_that_is_a_link_to_nowhere_stays_one(folder: Path, capsys) -> None:
    """What it leads to may be on a disk that is not there now."""
    read = evaluations.read(Path("results"), "e", "wine/toy")
    link = stored.place(Path("elsewhere"), "e", read.digest)
    link.parent.mkdir(parents=True)
    link.symlink_to("away.parquet")
    assert "is a link to away.parquet, which is not there" in refused(capsys, "datasets_dir=elsewhere")
    assert link.is_symlink()


def test_the_commands_of_docs_replay_md_run(folder: Path) -> None:
    """As they stand, but for fewer seeds, and of an experiment that is here."""
    page = (ROOT / "docs/replay.md").read_text()
    text = "".join(re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL)).replace("\\\n", " ")
    commands = [shlex.split(line)[1:] for line in text.splitlines()]
    assert [command[0] for command in commands] == ["run", "run"]
    here = {
        "seed=range(0,15)": "seed=0,1",
        "seed=range(0,10)": "seed=0",
        "dataset.experiment=otto_reference": REPLAY[2],
    }
    for command in commands:
        more = [REPLAY[3]] if "dataset=replay" in command else []
        assert bench(*(here.get(each, each) for each in command), *more, "budget.trials=4") == 0
