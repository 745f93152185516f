"""What an adapter shows as its library's model is what the library chose by, at every proposal, and reading it is free.

The values are held against what the library itself computes while it chooses, caught where it does.
"""

import importlib
import math

import cmaes
import hyperopt.pyll
import numpy as np
import pytest
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator

from bench.optimizers import cmaes_restarts, hyperopt_tpe, optuna_samplers, scikit_optimize, smac_facades
from bench.problems.known_functions import branin
from bench.provenance import versions
from bench.running.thread_pools import limited
from bench.space import Space
from bench.space.parameters import Float, Int

SPACE = Space((Float("x1", -5.0, 10.0), Float("x2", 0.0, 15.0)))
MIXED = Space((Float("rate", 0.001, 1.0, log=True), Int("depth", 301, 312), Int("leaves", 2, 200, log=True)))
QUICK = {"acquisition_maximizer": {"challengers": 200, "local_search_iterations": 2}}
SMALL = QUICK | {"model": {"n_trees": 3}}
KINDS = {
    "skopt_gp": (scikit_optimize.GaussianProcess, {"n_initial_points": 4}, 8),
    "skopt_et": (scikit_optimize.Forest, {"n_initial_points": 4}, 8),
    "optuna_tpe": (optuna_samplers.TPE, {"n_startup_trials": 4}, 10),
    "hyperopt_tpe": (hyperopt_tpe.TPE, {"n_startup_jobs": 4}, 10),
    "optuna_cmaes": (optuna_samplers.CMAES, {}, 14),
    "cmaes_bipop": (cmaes_restarts.BIPOP, {"popsize": 4}, 14),
    "smac_rf": (smac_facades.RandomForest, SMALL, 14),
    "smac_gp": (smac_facades.GaussianProcess, QUICK, 5),
}
DEAR = [(name, MIXED) for name in ("skopt_gp", "skopt_et", "smac_rf", "smac_gp")] + [("smac_gp", SPACE)]
PRIVATE = {
    ("optuna", "5.0.0"): (
        "optuna._transform._SearchSpaceTransform.transform",
        "optuna.samplers._tpe.sampler._split_trials",
        "optuna.samplers.TPESampler._build_parzen_estimator",
        "optuna.samplers.TPESampler._compute_acquisition_func",
        "optuna.samplers._tpe.parzen_estimator._ParzenEstimator.log_pdf",
        "optuna.samplers.CmaEsSampler._restore_optimizer",
        "optuna.samplers.CmaEsSampler._init_optimizer",
        "optuna.samplers.CmaEsSampler._get_trials",
        "optuna.samplers.CmaEsSampler._attr_key_generation",
    ),
    ("hyperopt", "0.3.0"): (
        "hyperopt.tpe.build_posterior_wrapper",
        "hyperopt.tpe.ap_split_trials",
        "hyperopt.tpe.broadcast_best",
        "hyperopt.base.miscs_to_idxs_vals",
        "hyperopt.pyll.rec_eval",
    ),
    ("scikit-optimize", "0.10.2"): ("skopt.acquisition._gaussian_acquisition",),
    ("smac", "2.4.1"): (
        "smac.model.random_forest.RandomForest.predict_marginalized",
        "smac.runhistory.encoder.log_scaled_encoder.RunHistoryLogScaledEncoder.transform_response_values",
        "smac.utils.configspace.convert_configurations_to_array",
    ),
    ("cmaes", "0.13.1"): ("cmaes.CMA.mean", "cmaes.CMA.generation", "cmaes.CMA._sample_solution"),
}
"""By library and the version that the adapters' `surrogate` was written for, what it reads that no manual promises."""


def function(configuration):
    if "x1" in configuration:
        return branin(configuration)
    return (
        (math.log10(configuration["rate"]) + 2) ** 2 + abs(configuration["depth"] - 305) + configuration["leaves"] / 50
    )


def proposals(own, count, function=function):
    """The proposals of a run, each while it is open."""
    for _ in range(count):
        configuration = own.ask()
        yield configuration
        own.tell(configuration, function(configuration))


@pytest.mark.parametrize(("library", "version"), PRIVATE)
def test_what_the_models_are_read_by_is_there(library, version):
    now = versions([library])[library]
    for name in PRIVATE[library, version]:
        path = name.split(".")
        for end in range(len(path) - 1, 0, -1):
            try:
                found = importlib.import_module(".".join(path[:end]))
            except ModuleNotFoundError:
                continue
            for part in path[end:]:
                found = getattr(found, part, None)
            break
        assert found is not None, (
            f"{library} {now} has no {name}, which its adapter's surrogate() reads, as {library} {version} had it"
        )


@pytest.fixture(autouse=True)
def one_thread():
    """As in a run."""
    with limited(1):
        yield


@pytest.mark.parametrize(
    ("name", "space"),
    [
        pytest.param(name, space, marks=[pytest.mark.exhaustive] if (name, space) in DEAR else [])
        for name in KINDS
        for space in (SPACE, MIXED)
    ],
)
def test_reading_the_model_changes_nothing_and_the_chosen_point_is_the_one_asked_for(name, space):
    kind, settings, count = KINDS[name]
    own, plain = (kind(space, 3, count, **settings) for _ in range(2))
    points, modelled = [space.sample(np.random.default_rng(n)) for n in range(4)], 0
    for shown, configuration in zip(proposals(own, count), proposals(plain, count), strict=True):
        assert shown == configuration
        surrogate = own.surrogate(points)
        modelled += surrogate is not None
        if surrogate is not None and surrogate.chosen:
            assert surrogate.proposals[surrogate.chosen] == configuration
    assert modelled >= 2


def test_hyperopts_candidates_have_the_likelihoods_that_it_took_the_best_by(monkeypatch):
    caught, best = [], hyperopt.pyll.scope._impls["broadcast_best"]
    catch = lambda *given: caught.append(given) or best(*given)  # noqa: E731
    monkeypatch.setitem(hyperopt.pyll.scope._impls, "broadcast_best", catch)
    own, iterations = hyperopt_tpe.TPE(MIXED, 1, None, n_startup_jobs=5), 0
    for _ in proposals(own, 14):
        if caught:
            last, iterations = caught[-len(MIXED.searched) :], iterations + 1
            caught.clear()
            names = [
                next(n for n, (v,) in vals.items() if v in samples) for samples, *_ in last for vals in [_vals(own)]
            ]
            candidates = [
                {n: _decoded(own, n, samples[i]) for n, (samples, *_) in zip(names, last, strict=True)}
                for i in range(24)
            ]
            shown = own.surrogate(candidates)
            below, above = (np.sum([np.asarray(each[part]) for each in last], axis=0) for part in (1, 2))
            np.testing.assert_allclose(np.log(shown.curves["good"]), below, rtol=1e-9)
            np.testing.assert_allclose(np.log(shown.curves["rest"]), above, rtol=1e-9)
            np.testing.assert_allclose(shown.curves["log l/g"], below - above, rtol=1e-9, atol=1e-9)
            losses = sorted(function(each) for each in shown.good)
            assert losses == sorted(_losses(own))[: len(losses)]
            assert caught == []
    assert iterations == 9


def _vals(own):
    return own.trials.trials[-1]["misc"]["vals"]


def _losses(own):
    return [doc["result"]["loss"] for doc in own.trials.trials if "loss" in doc["result"]]


def _decoded(own, name, value):
    return own.configuration({"misc": {"vals": {**_vals(own), name: [value]}}})[name]


def test_optunas_tpe_chose_of_its_candidates_the_one_with_the_largest_ratio(monkeypatch):
    own, drawn, draw = optuna_samplers.TPE(SPACE, 0, None), [], _ParzenEstimator.sample
    monkeypatch.setattr(_ParzenEstimator, "sample", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    for number, configuration in enumerate(proposals(own, 14)):
        if number >= 10:
            candidates = [{n: float(drawn[-1][n][i]) for n in ("x1", "x2")} for i in range(24)]
            curves = own.surrogate(candidates).curves
            assert candidates[int(np.argmax(curves["log l/g"]))] == configuration
            ratio = np.log(curves["good"]) - np.log(curves["rest"])
            np.testing.assert_allclose(curves["log l/g"], ratio, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("kind", "settings", "library"),
    [
        (optuna_samplers.CMAES, {}, cmaes.CMA),
        (optuna_samplers.CMAES, {"with_margin": True}, cmaes.CMAwM),
        (optuna_samplers.CMAES, {"use_separable_cma": True}, cmaes.SepCMA),
        (cmaes_restarts.IPOP, {}, cmaes.CMA),
    ],
)
def test_the_normal_distribution_is_the_one_that_cmaes_drew_from(kind, settings, library, monkeypatch):
    caught, draw = [], library.ask
    monkeypatch.setattr(library, "ask", lambda own: caught.append((own, draw(own))) or caught[-1][1])
    own, generations = kind(SPACE, 2, 40, **settings), set()
    for configuration in proposals(own, 32):
        shown = own.surrogate([configuration])
        assert (shown is None) == (not caught)
        if shown is not None:
            drawer, point = caught.pop()
            point = point[0] if isinstance(point, tuple) else point
            np.testing.assert_array_equal(shown.normal.mean, drawer.mean)
            np.testing.assert_allclose(shown.normal.coordinates[0], point, atol=1e-12)
            assert shown.normal.generation == drawer.generation
            generations.add(drawer.generation)
    draws = np.array([getattr(drawer, "_cma", drawer)._sample_solution() for _ in range(4000)])
    np.testing.assert_allclose(np.cov(draws.T), shown.normal.covariance, atol=0.08 * shown.normal.covariance.max())
    assert len(generations) >= 4


def test_smac_takes_its_proposals_in_the_order_of_the_values_that_are_shown():
    own, caught = smac_facades.RandomForest(SPACE, 0, 30, **SMALL), []
    search = own._smac._acquisition_maximizer
    maximize = search._maximize
    search._maximize = lambda *given: caught.append(maximize(*given)) or list(caught[-1])
    trained, model = [], own._smac._model
    train = model.train
    model.train = lambda *given: trained.append([each.copy() for each in given]) or train(*given)
    chosen = 0
    for configuration in proposals(own, 20):
        if not caught:
            continue
        values = [float(np.squeeze(value)) for value, _ in caught[-1]]
        order = [own._translated.decode(each) for _, each in caught[-1]]
        shown = own.surrogate([*order, configuration])
        np.testing.assert_allclose(shown.curves["EI"][:-1], values, rtol=1e-9)
        assert values == sorted(values, reverse=True)
        rows, targets = trained[-1]
        assert [value for _, value in shown.targets] == pytest.approx(targets.ravel(), rel=1e-12)
        natives = [own._translated.encode(each).get_array() for each, _ in shown.targets]
        np.testing.assert_allclose(natives, rows, rtol=1e-9)
        if shown.chosen:
            chosen += 1
            assert configuration in order
    assert chosen >= 8


def test_the_hedge_draws_by_the_gains_that_are_shown():
    class Recording(np.random.RandomState):
        def multinomial(self, n, pvals, size=None):
            self.pvals, self.drawn = pvals, super().multinomial(n, pvals, size)
            return self.drawn

    random = Recording(5)
    own, several = scikit_optimize.GaussianProcess(SPACE, random, None, n_initial_points=4), 0
    for configuration in proposals(own, 9):
        shown = own.surrogate([configuration])
        if shown is not None:
            gains = np.array(list(shown.gains.values()))
            np.testing.assert_allclose(random.pvals, np.exp(gains - gains.max()) / np.exp(gains - gains.max()).sum())
            drawn = list(shown.gains)[int(np.argmax(random.drawn))]
            assert shown.proposals[drawn] == configuration == shown.proposals[shown.chosen]
            several += len({str(point) for point in shown.proposals.values()}) > 1
    assert several >= 2


def test_the_process_is_certain_at_what_it_was_told_and_each_maximum_is_one():
    own, points = (
        scikit_optimize.GaussianProcess(SPACE, 0, None),
        [SPACE.sample(np.random.default_rng(n)) for n in range(200)],
    )
    asked = []
    for configuration in proposals(own, 13):
        shown = own.surrogate([*asked, *points])
        if shown is not None:
            losses = [branin(each) for each in asked]
            assert shown.curves["mean"][: len(asked)] == pytest.approx(losses, abs=0.05 * np.ptp(losses))
            for name, place in shown.proposals.items():
                here = own.surrogate([place]).curves[name][0]
                assert here >= shown.curves[name].max() - 1e-6, name
        asked.append(configuration)
