"""The shared initial design, and the baselines that every comparison needs."""

import json
from collections import Counter

import numpy as np
import pytest
import toy
from commands import TOY, bench, table
from pictures import leave_undrawn
from scipy import stats
from spaces import CONDITIONAL, FLAT

from bench import results
from bench.errors import UserError
from bench.report.build import build
from bench.report.runs import curves
from bench.space import Categorical, initial_design, to_json

SHARED = ["initial_design=shared", "initial_design.size=6", "budget.trials=9"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    return tmp_path


def fits(folder) -> list[str]:
    return (folder / "log").read_text().splitlines()


@pytest.mark.parametrize("space", [FLAT, CONDITIONAL], ids=["flat", "conditional"])
@pytest.mark.parametrize("method", initial_design.METHODS)
def test_a_design_depends_on_its_seed_alone(space, method):
    config = {"size": 12, "method": method}
    design = initial_design.configurations(space, config, 3)
    assert len(design) == 12
    assert [space.canonical(configuration) for configuration in design] == design
    assert initial_design.configurations(space, config, 3) == design
    assert initial_design.configurations(space, config, 4) != design
    assert initial_design.configurations(space, {"size": 0, "method": method}, 3) == []


@pytest.mark.parametrize("method", initial_design.METHODS)
def test_a_design_follows_the_reference_law(method):
    drawn = [c for seed in range(40) for c in initial_design.configurations(FLAT, {"size": 32, "method": method}, seed)]
    for parameter in FLAT.searched:
        values = [configuration[parameter.name] for configuration in drawn]
        if (shares := parameter.probabilities()) is None:
            low, high = (np.log([parameter.low, parameter.high])) if parameter.log else (parameter.low, parameter.high)
            placed = ((np.log(values) if parameter.log else np.array(values)) - low) / (high - low)
            assert stats.kstest(placed, "uniform").pvalue > 1e-4
        else:
            counts = [values.count(value) for value in parameter.values()]
            assert stats.chisquare(counts, len(values) * shares).pvalue > 1e-4


def test_sobol_fills_the_space_more_evenly_than_chance():
    def emptiest(method):
        """How many sixteenths of a range stay empty, over many designs of sixteen points."""
        empty = 0
        for seed in range(30):
            design = initial_design.configurations(FLAT, {"size": 16, "method": method}, seed)
            empty += 16 - len({int(configuration["shrink"] / 0.9 * 16) for configuration in design})
        return empty

    assert emptiest("sobol") == 0
    assert emptiest("random") > 100


def test_quantiles_are_those_of_the_law():
    for parameter in FLAT.searched:
        if (shares := parameter.probabilities()) is None:
            continue
        values = parameter.values()
        for u in np.linspace(0, 1, 1001)[:-1]:
            expected = values[int(np.searchsorted(np.cumsum(shares), u + 1e-9, side="right"))]
            near = values[int(np.searchsorted(np.cumsum(shares), u - 1e-9, side="right"))] if u else expected
            assert initial_design.quantile(parameter, float(u)) in (expected, near)
    assert isinstance(FLAT["act"], Categorical)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"size": -1}, r"^initial_design.size=-1: expected a whole number from 0"),
        ({"size": 2.0}, r"^initial_design.size=2.0: expected"),
        ({"size": 3, "method": "lhs"}, r"^initial_design.method='lhs': is not known; allowed: random, sobol"),
    ],
)
def test_mistakes(config, message):
    with pytest.raises(UserError, match=message):
        initial_design.configurations(FLAT, config, 0)


EVERY = ["random", "grid", "hyperopt_tpe", "optuna_tpe", "optuna_cmaes", "skopt_gp", "smac_rf"]


@pytest.mark.parametrize(
    ("method", "names"),
    [
        ("sobol", ["random", "grid", "optuna_tpe"]),
        ("random", EVERY),
        pytest.param("sobol", EVERY, marks=pytest.mark.exhaustive),
    ],
)
def test_every_optimiser_begins_with_the_same_configurations_which_are_evaluated_once(folder, method, names):
    sweep = ["optimizer=" + ",".join(names), "seed=0,1", f"initial_design.method={method}"]
    assert bench("run", "-m", *TOY, *SHARED, *sweep, "engine.workers=1") == 0
    first = {}
    for seed in (0, 1):
        tables = [table(folder, f"scratch/wine/toy/{name}/{seed}") for name in names]
        for trials in tables:
            assert trials["initial"].tolist() == [True] * 6 + [False] * 3
            assert (trials["ask_seconds"][:6] == 0).all()
        designs = {tuple(trials["configuration"][:6]) for trials in tables}
        assert len(designs) == 1
        first[seed] = designs.pop()
        assert Counter(trials["cached"][:6].sum() for trials in tables) == {6: len(names) - 1, 0: 1}
    assert not set(first[0]) & set(first[1])
    seen = fits(folder)
    assert len(seen) == len(set(seen))
    assert {repr(json.loads(c)["x"]) for design in first.values() for c in design} <= set(seen)


def test_an_optimiser_is_told_the_design_before_it_is_asked(folder, monkeypatch):
    events = []

    class Watching(toy.RandomSearch):
        def ask(self):
            events.append("ask")
            return super().ask()

        def tell(self, configuration, loss, failed=False):
            events.append((to_json(configuration), loss, failed))

    class Starting(Watching):
        def start(self, results):
            events.append([(to_json(told.configuration), told.loss, told.failed) for told in results])

    monkeypatch.setattr(toy, "Recorder", Watching)
    quick = [*TOY, *SHARED, "+model.settings.fail_above=0.5", "optimizer.class=toy.Recorder"]
    assert bench("run", *quick, "name=told") == 0
    told, events[:] = list(events), []
    assert all(event != "ask" for event in told[:6])
    assert told[6::2] == ["ask"] * 3
    monkeypatch.setattr(toy, "Recorder", Starting)
    assert bench("run", *quick, "name=started") == 0
    assert events[0] == told[:6]
    assert events[1:] == told[6:]
    trials = table(folder, "told/wine/toy/random/0")
    losses = [loss for _, loss, _ in told[:6]]
    assert [failed for _, _, failed in told[:6]] == trials["loss"][:6].isna().tolist()
    assert 0 < trials["loss"][:6].isna().sum() < 6
    assert np.isfinite(losses).all()


def test_one_that_takes_only_what_it_asked_for_is_refused_in_one_line(folder, monkeypatch, capsys):
    from bench.optimizers import Declaration

    monkeypatch.setattr(toy.Recorder, "declared", Declaration(takes_unasked=False), raising=False)
    assert bench("run", *TOY, *SHARED, "optimizer.class=toy.Recorder") == 2
    message = capsys.readouterr().err
    assert "random takes no results of configurations that it did not propose" in message
    assert "initial_design=native" in message


def test_a_budget_smaller_than_the_design_is_met_exactly(folder):
    assert bench("run", *TOY, *SHARED, "budget.trials=4", "optimizer=optuna_tpe") == 0
    assert table(folder, "scratch/wine/toy/optuna_tpe/0")["initial"].tolist() == [True] * 4


def test_runs_do_not_march_in_lock_step_over_the_design(folder):
    """Two optimisers that cannot be asked ahead, side by side: each evaluates points that the other has not begun."""
    sweep = ["optimizer=optuna_tpe,hyperopt_tpe", "initial_design.size=10", "budget.trials=10"]
    arguments = ["run", "-m", *TOY, *SHARED, *sweep, "+model.settings.sleep=0.4", "engine.workers=2"]
    assert bench(*arguments, workers=True) == 0
    assert len(fits(folder)) == 10
    owned = [(~table(folder, f"scratch/wine/toy/{name}/0")["cached"]).sum() for name in ("optuna_tpe", "hyperopt_tpe")]
    assert sum(owned) == 10
    assert min(owned) >= 3


def test_the_default_is_evaluated_once_and_held(folder):
    sweep = ["optimizer=default,random", "budget.trials=5", "initial_design=shared", "engine.workers=1"]
    assert bench("run", "-m", *TOY, *sweep) == 0
    trials = table(folder, "scratch/wine/toy/default/0")
    assert trials["configuration"].tolist() == ['{"x":0.5}']
    assert not trials["initial"].any()
    (comparison,) = curves.comparisons(results.read(folder / "results", ["scratch"], columns=curves.COLUMNS))
    held = comparison.curves[comparison.curves["label"] == "default"]
    assert held["evaluations"].tolist() == [1, 2, 3, 4, 5]
    assert set(held["validation_median"]) == {trials["loss"][0]}


def test_random_2x_makes_twice_the_evaluations_and_is_drawn_per_budget(folder, monkeypatch):
    sweep = ["optimizer=random_2x,random", "budget.trials=6", "seed=0,1,2", "engine.workers=1"]
    assert bench("run", "-m", *TOY, *sweep) == 0
    (comparison,) = curves.comparisons(results.read(folder / "results", ["scratch"], columns=curves.COLUMNS))
    assert (comparison.evaluations, comparison.longest) == (6, 6)
    drawn = comparison.curves[comparison.curves["label"] == "random_2x"].set_index("evaluations")
    losses = []
    for seed in range(3):
        twice, once = (table(folder, f"scratch/wine/toy/{name}/{seed}") for name in ("random_2x", "random"))
        assert len(twice) == 12
        assert twice["configuration"][:6].tolist() == once["configuration"].tolist()
        losses.append([twice["loss"][: 2 * unit].min() for unit in range(1, 7)])
    assert drawn["validation_median"].tolist() == pytest.approx(np.median(losses, axis=0).tolist())
    row = comparison.final.set_index("label").loc["random_2x"]
    assert (row["trials"], row["most"], row["exhausted"], row["stopped"]) == (36, 6, 0, 0)
    leave_undrawn(monkeypatch)
    page = (build(folder / "results", folder / "reports", ["scratch"]) / "report.md").read_text()
    assert "random_2x has twice the budget, as declared: it is a yardstick" in page


def test_a_factor_that_is_none(folder, capsys):
    assert bench("run", *TOY, "optimizer=random_2x", "optimizer.budget_factor=0.5") == 2
    assert "optimizer.budget_factor=0.5: expected a whole number from 1" in capsys.readouterr().err


def test_another_design_is_another_config(folder, capsys):
    assert bench("run", *TOY, *SHARED) == 0
    assert bench("run", *TOY, *SHARED, "initial_design.size=5") == 2
    assert "differs in initial_design.size" in capsys.readouterr().err
