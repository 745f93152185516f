"""Every adapter asks what its library's own loop asks, failures included; docs/faithful.md says so of each.

The wider comparisons of that page are made by `make faithful`; what an adapter adds to the library's time is measured
in `benchmarks/adapters.py`.
"""

import math
import warnings
from importlib.util import find_spec
from typing import Any

import cmaes
import hyperopt
import numpy as np
import optuna
import pytest
import skopt
import yaml
from adapters import CONF, NAMES, ONE_EACH, in_part
from commands import ROOT
from drawing import ALL
from hyperopt import atpe, hp
from loops import Case, Objective, build, cases, equal, loss, only, our_loop, own_loop, run
from loops_cmaes import SPACE, bipop, ipop
from loops_optuna import flat
from spaces import CONDITIONAL, FLAT
from threadpoolctl import threadpool_limits

from bench.optimizers import Told
from bench.optimizers.scikit_optimize import GaussianProcess
from bench.space import Configuration, to_json
from bench.space.parsing import parse

SLOW = ("skopt_", "hyperopt_atpe", "optuna_gp", "botorch_", "ax", "smac_")
"""Tenths of a second for a trial: of each class on one space, with a few trials of its model."""
ELSEWHERE = ("smac_", "botorch_qnehvi")
"""SMAC's are compared in `test_smac`, with the library as it is; qNEHVI compiles a part of itself for a minute."""
CONSTRAINTS = ROOT / "constraints.txt"
INDEPENDENT = ("random", "random_distinct", "grid", "sklearn_sampler", "hyperopt_random", "optuna_qmc")


def in_short(case: Case) -> bool:
    """Whether `make test` tries it."""
    if case.name.startswith(ELSEWHERE):
        return False
    return not case.name.startswith(SLOW) or (case.label == "flat" and (case.name in ONE_EACH or case.objectives > 1))


CASES = [
    in_part(
        case,
        in_short(case),
        pytest.mark.skipif(case.missing, reason=f"needs {case.needs}"),
        id=f"{case.name}-{case.label}",
    )
    for case in cases()
]


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("case", CASES)
def test_an_adapter_asks_what_its_librarys_own_loop_asks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a third of the trials that they failed. Some follow from losses: not all are of a random start."""
    trials = min(max(case.few, 50) if ALL else case.few, case.trials or 1_000)
    for seed in [0, 1, 2] if ALL and not case.name.startswith(SLOW) else [3]:
        own, ours = own_loop(case, seed, trials), our_loop(case, seed, trials)
        assert len(own.asked) == trials
        alike = equal(own, ours)
        assert alike == trials, f"seed {seed}: otherwise from trial {alike}"
        assert 0 < own.failures < trials  # how many follows from the sequence, of which a BLAS may have another
    if case.label.startswith("flat") and case.name not in INDEPENDENT:
        monkeypatch.setattr("loops.loss", lambda values: -loss(values))
        assert our_loop(case, seed, trials).asked[:-1] != ours.asked[:-1]


def test_no_adapter_is_without_its_own_loop() -> None:
    """Of fifty trials in `make test-all`; the default and what is given are no methods, and random_2x is random."""
    assert set(NAMES) - {"default", "fixed", "random_2x"} == {case.name for case in cases() if case.trials is None}


def page(head: str) -> dict[str, list[str]]:
    """The rows of a table of docs/faithful.md, each cell, by the first."""
    text = (ROOT / "docs/faithful.md").read_text()
    lines = text[text.index(head) :].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row for row in rows}


def test_the_page_of_comparisons_has_each_optimiser_its_version_and_what_differs() -> None:
    rows, differences = page("| optimiser | library |"), page("| no. | of |")
    pinned = {n.lower(): v for n, _, v in (line.partition("==") for line in CONSTRAINTS.read_text().splitlines())}
    assert list(rows) == sorted(path.stem for path in CONF.glob("*.yaml"))
    for name, (_, library, _, alone, several, workers, numbers) in rows.items():
        distribution, _, version = library.partition(" ")
        assert library == "none" or pinned[distribution.lower()] == version, f"{name}: make faithful ARGS={name}"
        assert name in ("default", "fixed", "random_2x") or {alone, several, workers} != {"-"}, name
        assert set(numbers.split(", ")) - {"-"} == {no for no, row in differences.items() if f"`{name}`" in row[1]}, (
            name
        )
        if any(cell.startswith("from trial") for cell in (alone, several, workers)):
            assert "differs from trial" in differences["1"][3], name
            assert "1" in numbers.split(", "), name
    assert not [row for row in differences.values() if row[3] in ("", "not measured")]


def test_without_conditions_multivariate_tpe_is_tpe_and_the_list_says_so() -> None:
    """Of failures too; with conditions it is not."""
    for space, alike in ((FLAT, True), (CONDITIONAL, False)):
        asked = [run(build(name, space, 2), 30, Objective()) for name in ("optuna_tpe", "optuna_tpe_multivariate")]
        assert (asked[0] == asked[1]) is alike
    config = yaml.safe_load((CONF / "optuna_tpe_multivariate.yaml").read_text())
    assert "without conditions the same as optuna_tpe" in config["description"]


@pytest.mark.parametrize(("name", "loop"), [("cmaes_ipop", ipop), ("cmaes_bipop", bipop)])
@pytest.mark.parametrize("seed", [0, 1])
def test_cmaes_restarts_as_its_documented_loop(name: str, loop: Any, seed: int, monkeypatch: Any) -> None:
    """A loss that does not change lets every start end soon; 1,500 trials hold several."""
    monkeypatch.setattr("loops.loss", lambda _: 1.0)
    popsizes, create = [], cmaes.CMA.__init__

    def noted(*args: Any, **kwargs: Any) -> None:
        popsizes.append(kwargs["population_size"])
        create(*args, **kwargs)

    monkeypatch.setattr(cmaes.CMA, "__init__", noted)
    ours = run(build(name, SPACE, seed), 1_500)
    assert len(popsizes) > (3 if name == "cmaes_ipop" else 5)
    assert (sorted(popsizes[1:]) == popsizes[1:]) == (name == "cmaes_ipop")
    monkeypatch.undo()
    monkeypatch.setattr("loops.loss", lambda _: 1.0)
    own = Objective(lambda _: False)
    loop(own, seed, 1_500)
    assert ours == own.asked


@pytest.mark.skipif(find_spec("botorch") is None, reason="needs botorch")
def test_turbo_begins_again_where_its_region_has_shrunk_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss that does not change ends a region of three columns after six points and 28 failures."""
    import loops_turbo

    from bench.optimizers import botorch_turbo

    monkeypatch.setattr("loops.loss", lambda _: 1.0)
    monkeypatch.setattr(loops_turbo, "N_CANDIDATES", 20)
    own, begun = Objective(lambda _: False), []
    loops_turbo.alone(lambda *given: begun.append(loops_turbo.turbo_floats(*given)))(own, 2, 80)
    assert begun == [3]
    assert run(build("botorch_turbo", loops_turbo.FLOATS, 2, candidates=20), 80) == own.asked
    grown = botorch_turbo.Region(0.0, successes=9).after(1.0, 10, 4)
    assert grown == botorch_turbo.Region(1.0, length=1.6)


@pytest.mark.skipif(find_spec("botorch") is None, reason="needs botorch")
def test_the_design_of_botorchs_tutorial_of_several_losses_is_one_parameter_longer() -> None:
    from loops_botorch import FLOATS

    for name, initial in (("botorch_gp", 6), ("botorch_qnehvi", 8)):
        assert f"until {initial} results are told" in build(name, FLOATS).declared.fallback


# A shared initial design.


def design(space: Any, n: int = 12) -> list[Told]:
    rng = np.random.default_rng(5)
    drawn = [space.sample(rng) for _ in range(n)]
    return [Told(c, loss(c), failed=i % 4 == 0) for i, c in enumerate(drawn)]


@pytest.mark.parametrize("margin", [False, True])
def test_optunas_cmaes_starts_at_the_best_of_a_shared_design_as_documented(margin: bool) -> None:
    space = only(FLAT, "shrink", "rate", "depth", "leaves", "units", "act")
    results, name = design(space), "optuna_cmaes_margin" if margin else "optuna_cmaes"
    best = min((t for t in results if not t.failed), key=lambda t: t.loss).configuration
    distributions = {p.name: optuna_distribution(p) for p in space.parameters}
    own = Objective(lambda _: False)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with pytest.warns(FutureWarning, match="x0"):
        sampler = optuna.samplers.CmaEsSampler(x0=best, seed=3, with_margin=margin)
    study = optuna.create_study(sampler=sampler)
    for configuration, value, failed in results:
        state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
        study.add_trial(
            optuna.trial.create_trial(
                params=configuration, distributions=distributions, value=None if failed else value, state=state
            )
        )
    study.optimize(lambda trial: own(flat(trial))[0], n_trials=50)
    optimizer = build(name, space, 3)
    optimizer.start(results)
    assert run(optimizer, 50) == own.asked
    without = build(name, space, 3)
    for configuration, value, failed in results:
        without.tell(configuration, value, failed)
    assert run(without, 50) != own.asked


def optuna_distribution(parameter: Any) -> Any:
    if parameter.kind == "categorical":
        return optuna.distributions.CategoricalDistribution(parameter.choices)
    kind = getattr(optuna.distributions, f"{parameter.kind.capitalize()}Distribution")
    return kind(parameter.low, parameter.high, log=parameter.log, step=parameter.step)


@pytest.mark.parametrize("name", ["optuna_cmaes", "optuna_cmaes_margin", "cmaes_ipop", "cmaes_bipop"])
@pytest.mark.parametrize("space", [FLAT, CONDITIONAL], ids=["flat", "conditional"])
def test_cmaes_takes_a_design_of_any_space_and_one_without_success(name: str, space: Any) -> None:
    for results in (design(space), [t._replace(failed=True) for t in design(space)]):
        optimizer = build(name, space, 3)
        optimizer.start(results)
        for configuration in run(optimizer, 30):
            assert space.canonical(configuration) == configuration


@pytest.mark.parametrize("name", ["cmaes_ipop", "cmaes_bipop"])
def test_cmaes_restarts_begin_at_the_best_of_a_shared_design(name: str) -> None:
    results = design(SPACE)
    best = min((t for t in results if not t.failed), key=lambda t: t.loss).configuration
    optimizer = build(name, SPACE, 3)
    optimizer.start(results)
    place = optimizer._cma.mean
    assert place[0] == pytest.approx(float(best["shrink"]) / 0.9)  # type: ignore[arg-type]
    assert place[2] == pytest.approx((int(best["depth"]) - 0.5) / 8)  # type: ignore[arg-type]
    assert optimizer._cma.population_size == build(name, SPACE, 3)._cma.population_size


# Where a library cannot follow.


def test_skopt_is_told_the_very_point_that_it_asked() -> None:
    optimizer = build("skopt_gp", CONDITIONAL, 1)
    inner, asked = optimizer._optimizer, []
    original = inner.ask
    inner.ask = lambda: asked.append(original()) or asked[-1]
    run(optimizer, 12)
    assert all(given is point for given, point in zip(inner.Xi, asked, strict=True))


def test_where_gp_minimize_fails_the_adapter_fails_alike() -> None:
    with pytest.raises(ValueError, match="NaN") as own:
        skopt.gp_minimize(lambda x: 1e300 if x[0] > 0.5 else -1e300, [(0.0, 1.0)], n_calls=12, random_state=0)
    optimizer = GaussianProcess(parse({"x": {"type": "float", "low": 0.0, "high": 1.0}}), 0, None)

    def loop() -> None:
        for _ in range(12):
            point = optimizer.ask()
            optimizer.tell(point, 1e300 if point["x"] > 0.5 else -1e300)  # type: ignore[operator]

    with pytest.raises(ValueError, match="NaN") as adapted:
        loop()
    assert str(own.value) == str(adapted.value)


@pytest.mark.skipif(find_spec("ax") is None, reason="needs ax")
def test_ax_asks_for_each_of_few_points_once_and_then_for_none() -> None:
    """Failed ones too: a trial that Ax knows as failed it would ask for again."""
    space = parse({n: {"type": "categorical", "choices": [1, 2]} for n in "ab"})
    asked = run(build("ax", space, 0), 10, Objective(lambda c: c["a"] == 1))
    assert sorted(map(to_json, asked)) == [f'{{"a":{a},"b":{b}}}' for a in (1, 2) for b in (1, 2)]


def test_hyperopts_adaptive_tpe_takes_no_failures_and_no_seed() -> None:
    """For which it is told a loss, and its two global generators are seeded."""
    space, arguments = {"x": hp.uniform("x", 0, 1)}, {"verbose": False, "show_progressbar": False}
    with pytest.raises(KeyError, match="loss"):
        hyperopt.fmin(lambda _: {"status": "fail"}, space, atpe.suggest, max_evals=3, **arguments)
    asked: list[float] = []
    for _ in range(2):
        rng = np.random.default_rng(0)
        hyperopt.fmin(lambda v: asked.append(v["x"]) or 0.5, space, atpe.suggest, max_evals=1, rstate=rng, **arguments)
    assert asked[0] != asked[1]


def test_without_replacement_where_all_are_lists_as_scikit_learn_has_it() -> None:
    from sklearn.model_selection import ParameterSampler

    choices = {"a": ["x", "y", None], "b": [True, False], "c": [1, 2, 3]}
    space = parse({name: {"type": "categorical", "choices": values} for name, values in choices.items()})
    for budget in (10, 18, 40):
        optimizer = build("sklearn_sampler", space, 3, min(budget, 18))
        own: list[Configuration] = list(ParameterSampler(choices, n_iter=min(budget, 18), random_state=3))
        assert run(optimizer, budget) == [{name: c[name] for name in choices} for c in own]
        assert len({to_json(c) for c in own}) == min(budget, 18)
    assert not optimizer.declared.extendable
    assert len(run(build("sklearn_sampler", space, 3, None), 40)) == 18
    assert build("sklearn_sampler", FLAT, 3, None).declared.extendable


@pytest.mark.exhaustive
def test_skopts_whole_numbers_rounded_by_the_objective_would_repeat_themselves() -> None:
    """Why an integer stays an `Integer`, whatever its law."""
    distinct = []
    for dimensions in ([(0.5, 8.5)] * 2, [(1, 8)] * 2):
        asked: list[tuple[int, ...]] = []

        def objective(point: list[float], asked: list[tuple[int, ...]] = asked) -> float:
            asked.append(tuple(round(min(max(value, 1), 8)) for value in point))
            return math.sin(asked[-1][0]) + (asked[-1][1] - 3) ** 2 / 10

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            skopt.gp_minimize(objective, dimensions, n_calls=30, random_state=2)
        distinct.append(len(set(asked)))
    assert distinct[0] < distinct[1] - 4
