"""The libraries' own objects, as their documentation has them asked and told: what a log of events is played on.

Each is made of seed, number of trials and number of workers. Their spaces are those of the `loops_LIBRARY.py`.
"""

import math
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from fidelity_loops import dehb_object, smac_facade, smac_planned
from ladder import fold_loss
from loops import MIXED, only, own_loop
from loops import cases as loop_cases
from loops_botorch import CHEAP, FLOATS, N_CANDIDATES, TurboState, generate_point, update_state
from loops_plain import CHOICES
from loops_smac import CRASH, TWO, plain, two
from side_by_side import FOLDS, LONG, RUNGS, Own

from bench.problems.fidelity import Fidelity
from bench.space import Space

Make = Callable[[int, int, int], AbstractContextManager[Own]]


@dataclass(frozen=True)
class Case:
    """A config beside its library's own object."""

    name: str
    own: Make
    space: Space = MIXED
    trials: int = 25
    needs: str = ""
    """A package that is an extra."""
    settings: dict[str, Any] = field(default_factory=dict)
    ladder: Fidelity | None = None
    dear: bool = False
    """Whether it takes seconds: for `make test-all`."""


def learns_nothing(name: str) -> Make:
    """The sequence of its own loop, whatever is told."""

    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        case = next(case for case in loop_cases() if case.name == name)
        sequence = iter(own_loop(case, seed, trials).asked)
        yield Own(lambda: (None, next(sequence), 0), lambda *_: None)

    return made


# Optuna: `study.ask`, `trial.report`, `trial.should_prune`, `study.tell`.


def study(sampler: Callable[[int], Any], pruner: Any = None, full: int = 0) -> Make:
    """Pruned trials have the state that `TrialPruned` gives them."""

    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        import optuna
        from loops_optuna import flat

        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        pruned = set[int]()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                of_seed = {} if pruner is None else {"pruner": pruner(), "study_name": str(seed)}
                own = optuna.create_study(sampler=sampler(seed), **of_seed)

            def ask() -> Any:
                trial = own.ask()
                return trial, flat(trial), full

            def report(trial: Any, resource: int, loss: float) -> bool:
                trial.report(loss, step=resource)
                ended = bool(trial.should_prune())
                pruned.update({trial.number} if ended else ())
                return ended

            def tell(trial: Any, loss: float, failed: bool) -> None:
                if failed:
                    own.tell(trial, state=optuna.trial.TrialState.FAIL)
                elif trial.number in pruned:
                    own.tell(trial, state=optuna.trial.TrialState.PRUNED)
                else:
                    own.tell(trial, loss)

            yield Own(ask, tell, report)
        finally:
            optuna.logging.set_verbosity(verbosity)

    return made


@contextmanager
def wilcoxon(seed: int, trials: int, workers: int) -> Iterator[Own]:
    """The documented objective, which reports every fold and returns the mean of those that there are."""
    import optuna

    with study(tpe, optuna.pruners.WilcoxonPruner, FOLDS.high)(seed, trials, workers) as own:
        reported: dict[int, list[float]] = {}

        def ask() -> Any:
            trial, configuration, full = own.ask()
            reported[trial.number] = []
            return (trial, configuration), configuration, full

        def report(handle: Any, fold: int, loss: float) -> bool:
            trial, _ = handle
            reported[trial.number].append(loss)
            trial.report(loss, step=fold)
            return bool(trial.should_prune())

        def tell(handle: Any, loss: float, failed: bool) -> None:
            trial, configuration = handle
            losses = reported[trial.number]
            if failed:
                trial.study.tell(trial, state=optuna.trial.TrialState.FAIL)
                return
            if len(losses) == FOLDS.high - 1 and loss != sum(losses) / len(losses):
                losses.append(fold_loss(configuration, FOLDS.high))
                trial.report(losses[-1], step=FOLDS.high)
            trial.study.tell(trial, sum(losses) / len(losses))

        yield Own(ask, tell, report)


def tpe(seed: int) -> Any:
    from optuna.samplers import TPESampler

    return TPESampler(seed=seed)


def sampler(name: str, **settings: Any) -> Callable[[int], Any]:
    def made(seed: int) -> Any:
        import optuna

        return getattr(optuna.samplers, name)(seed=seed, **settings)

    return made


def pruner(name: str, *arguments: Any, **settings: Any) -> Callable[[], Any]:
    def made() -> Any:
        import optuna

        return getattr(optuna.pruners, name)(*arguments, **settings)

    return made


def patient() -> Any:
    from optuna.pruners import MedianPruner, PatientPruner

    return PatientPruner(MedianPruner(), patience=1)


# Hyperopt: the loop of `fmin` with an asynchronous queue of one.


def fmin(suggest: str) -> Make:
    """ATPE, which fails while a trial is open (`test_workers`), is shown those alone that have ended."""

    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        import random

        import hyperopt
        from hyperopt import anneal, atpe, base, rand, tpe
        from hyperopt.utils import coarse_utcnow
        from loops_hyperopt import FLAT, flat

        def atpe_of_ended(ids: Any, domain: Any, trials: Any, seed: int) -> Any:
            ended = [doc for doc in trials.trials if doc["state"] == base.JOB_STATE_DONE]
            return atpe.suggest(ids, domain, base.trials_from_docs(ended, validate=False), seed)

        algorithms = {"anneal": anneal.suggest, "atpe": atpe_of_ended, "rand": rand.suggest, "tpe": tpe.suggest}
        own, domain = hyperopt.Trials(), base.Domain(float, FLAT)
        states = random.getstate(), np.random.get_state()  # noqa: NPY002
        if suggest == "atpe":
            random.seed(seed)
            np.random.seed(seed)  # noqa: NPY002
        loop = hyperopt.FMinIter(
            algorithms[suggest],
            domain,
            own,
            np.random.default_rng(seed),
            asynchronous=True,
            poll_interval_secs=0,
            show_progressbar=False,
        )

        def ask() -> Any:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                loop.run(1, block_until_done=False)
            (doc,) = [doc for doc in own.trials if doc["state"] == base.JOB_STATE_NEW]
            doc["state"], doc["book_time"] = base.JOB_STATE_RUNNING, coarse_utcnow()
            values = {name: value[0] for name, value in doc["misc"]["vals"].items()}
            return doc, flat(hyperopt.space_eval(FLAT, values)), 0

        def tell(doc: Any, loss: float, failed: bool) -> None:
            lost = failed and suggest != "atpe"
            doc["result"] = {"status": "fail"} if lost else {"loss": loss, "status": "ok"}
            doc["state"], doc["refresh_time"] = base.JOB_STATE_DONE, coarse_utcnow()
            own.refresh()

        try:
            yield Own(ask, tell)
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002

    return made


# scikit-optimize: `Optimizer.ask` and `tell`.


def skopt(*arguments: Any, **settings: Any) -> Make:
    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        import skopt
        from loops_skopt import NAMES, native

        own = skopt.Optimizer(native(), *arguments, random_state=seed, **settings)

        def ask() -> Any:
            point = own.ask()
            plainly = [value.item() if isinstance(value, np.generic) else value for value in point]
            return point, dict(zip(NAMES, plainly, strict=True)), 0

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield Own(ask, lambda point, loss, _: own.tell(point, loss))

    return made


# SMAC: `facade.ask` and `tell`.


def tell_smac(facade: Any, info: Any, loss: float, failed: bool) -> None:
    from smac.runhistory import StatusType, TrialValue

    status = StatusType.CRASHED if failed else StatusType.SUCCESS
    facade.tell(info, TrialValue(CRASH if failed else loss, status=status))


@contextmanager
def smac(name: str, settings: dict[str, Any], seed: int, trials: int, workers: int) -> Iterator[Own]:
    """`settings` are arguments of the facade's `get_...`."""
    import smac

    made = {"rf": smac.HyperparameterOptimizationFacade, "gp": smac.BlackBoxFacade}[name]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenario = smac.Scenario(two(), deterministic=True, n_trials=trials, seed=seed, output_directory=folder)
        given = {key: getattr(made, f"get_{key}")(scenario, **arguments) for key, arguments in settings.items()}
        facade = made(scenario, logging_level=False, overwrite=True, **given)

        def ask() -> Any:
            info = facade.ask()
            return info, plain(info.config), 0

        yield Own(ask, partial(tell_smac, facade))


@contextmanager
def smac_rungs(name: str, settings: dict[str, Any], seed: int, trials: int, workers: int) -> Iterator[Own]:
    planned = smac_planned(trials, RUNGS.resources)
    with smac_facade(name, two(), planned, RUNGS.resources, seed, **settings) as facade:

        def ask() -> Any:
            info = facade.ask()
            return info, plain(info.config), round(info.budget)

        yield Own(ask, partial(tell_smac, facade))


# DEHB: `ask` and `tell`.


@contextmanager
def dehb(seed: int, trials: int, workers: int) -> Iterator[Own]:
    with dehb_object(two(), RUNGS.resources, seed) as own:

        def ask() -> Any:
            job = own.ask()
            return job, TWO.canonical(plain(job["config"])), round(job["fidelity"])

        yield Own(ask, lambda job, loss, _: own.tell(job, {"fitness": loss, "cost": job["fidelity"]}))


# Ray Tune: the calls of its controller to a scheduler, of the configurations of random search.


@contextmanager
def asha(seed: int, trials: int, workers: int) -> Iterator[Own]:
    from ray.tune.experiment import Trial
    from ray.tune.schedulers import ASHAScheduler

    own = ASHAScheduler(
        time_attr="resource",
        metric="loss",
        mode="min",
        max_t=RUNGS.resources[-1],
        grace_period=1,
        reduction_factor=RUNGS.eta,
    )
    with learns_nothing("random")(seed, trials, workers) as random:
        number = iter(range(trials))

        def ask() -> Any:
            trial = Trial("trial", trial_id=f"{next(number):05d}", stub=True)
            own.on_trial_add(None, trial)
            return trial, random.ask()[1], RUNGS.resources[-1]

        def report(trial: Any, resource: int, loss: float) -> bool:
            return bool(own.on_trial_result(None, trial, {"resource": resource, "loss": loss}) == "STOP")

        def tell(trial: Any, loss: float, failed: bool) -> None:
            if failed:
                own.on_trial_error(None, trial)

        yield Own(ask, tell, report)


@contextmanager
def random_rungs(seed: int, trials: int, workers: int) -> Iterator[Own]:
    with learns_nothing("random")(seed, trials, workers) as random:
        yield Own(lambda: (*random.ask()[:2], RUNGS.resources[-1]), random.tell, lambda *_: False)


# Nevergrad: `ask` and `tell` of an optimizer that knows the number of workers.


def nevergrad(method: str) -> Make:
    @contextmanager
    def made(seed: int, trials: int, workers: int) -> Iterator[Own]:
        from loops_nevergrad import configuration, parametrization
        from nevergrad import optimizers

        state = np.random.get_state()  # noqa: NPY002
        np.random.seed(seed)  # noqa: NPY002
        try:
            native = parametrization()
            native.random_state = np.random.RandomState(seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                own = optimizers.registry[method](native, budget=trials, num_workers=workers)

                def ask() -> Any:
                    candidate = own.ask()
                    return candidate, configuration(*candidate.args), 0

                yield Own(ask, lambda candidate, loss, _: own.tell(candidate, loss))
        finally:
            np.random.set_state(state)  # noqa: NPY002

    return made


# Generations: as many results as the population has members, of whichever they are, are told together.


def generations(own: Any, ask: Callable[[Any], Any]) -> Own:
    results: list[Any] = []

    def tell(solution: Any, loss: float, _failed: bool) -> None:
        results.append((solution, loss))
        if len(results) == own.population_size:
            own.tell(results)
            results.clear()

    def asked() -> Any:
        solution = own.ask()
        return solution, ask(solution), 0

    return Own(asked, tell)


@contextmanager
def catcma(seed: int, trials: int, workers: int) -> Iterator[Own]:
    from loops_cmaes import catcma_object, catcma_values

    yield generations(catcma_object(seed), catcma_values)


@contextmanager
def cma(seed: int, trials: int, workers: int) -> Iterator[Own]:
    """The first start of both kinds of restarts."""
    from cmaes import CMA
    from loops_cmaes import values

    rng = np.random.default_rng(seed)
    yield generations(CMA(mean=rng.random(3), sigma=0.2, bounds=np.array([[0.0, 1.0]] * 3), seed=seed), values)


@contextmanager
def pymoo(seed: int, trials: int, workers: int) -> Iterator[Own]:
    """A generation that is asked for while the one before is not told is one of the same parents."""
    from loops_pymoo import SMALL
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.core.population import Population
    from pymoo.core.problem import Problem
    from pymoo.core.termination import NoTermination
    from pymoo.problems.static import StaticProblem

    problem = Problem(n_var=3, n_obj=1, xl=[math.log(0.01), 0.0, -1.0], xu=[math.log(0.3), 0.9, 2.0])
    own = NSGA2(**SMALL).setup(problem, termination=NoTermination(), seed=seed)
    waiting: list[Any] = []
    results: list[Any] = []

    def ask() -> Any:
        if not waiting:
            waiting.extend(own.ask())
        individual = waiting.pop(0)
        rate, shrink, momentum = individual.X.tolist()
        return individual, {"rate": min(max(math.exp(rate), 0.01), 0.3), "shrink": shrink, "momentum": momentum}, 0

    def tell(individual: Any, loss: float, _failed: bool) -> None:
        results.append((individual, loss))
        if len(results) == SMALL["pop_size"]:
            population = Population.create(*(each for each, _ in results))
            losses = np.array([[value] for _, value in results])
            own.evaluator.eval(StaticProblem(problem, F=losses), population)
            own.tell(infills=population)
            results.clear()
            waiting.clear()

    yield Own(ask, tell)


# BoTorch and Ax.


@contextmanager
def alone() -> Iterator[None]:
    """In one thread and without warnings, global random states left as they were."""
    import random

    import torch

    threads, states = torch.get_num_threads(), (torch.get_rng_state(), random.getstate())
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(states[0])
        random.setstate(states[1])


def read(x: Any) -> dict[str, Any]:
    """A point of the cube as a configuration of `FLOATS`."""
    rate, shrink, momentum = x.tolist()
    rate = min(max(math.exp(math.log(0.01) + rate * (math.log(0.3) - math.log(0.01))), 0.01), 0.3)
    return {"rate": rate, "shrink": 0.9 * shrink, "momentum": 3 * momentum - 1}


@contextmanager
def botorch(seed: int, trials: int, workers: int) -> Iterator[Own]:
    """The tutorial's model of the results that there are, and its candidate."""
    import torch
    from botorch.acquisition import LogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.optim import optimize_acqf
    from botorch.utils.sampling import draw_sobol_samples
    from gpytorch.mlls import ExactMarginalLogLikelihood

    cube = torch.tensor([[0.0] * 3, [1.0] * 3], dtype=torch.double)
    results: list[tuple[Any, float]] = []
    with alone():
        torch.manual_seed(seed)
        design = iter(draw_sobol_samples(cube, n=trials, q=1, seed=seed).squeeze(1))

        def ask() -> Any:
            if len(results) < 6:
                point = next(design)
                return point, read(point), 0
            train_x = torch.stack([x for x, _ in results])
            train_y = torch.tensor([[y] for _, y in results], dtype=torch.double)
            model = SingleTaskGP(train_x, train_y)
            fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
            acquisition = LogExpectedImprovement(model, best_f=train_y.max())
            point = optimize_acqf(acquisition, bounds=cube, q=1, **CHEAP)[0][0]
            return point, read(point), 0

        yield Own(ask, lambda point, loss, _: results.append((point, -loss)))


@contextmanager
def turbo(seed: int, trials: int, workers: int) -> Iterator[Own]:
    """The tutorial's region, updated with each result of a proposal of its own."""
    import gpytorch
    import torch
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from gpytorch.constraints import Interval
    from gpytorch.kernels import MaternKernel, ScaleKernel
    from gpytorch.likelihoods import GaussianLikelihood
    from gpytorch.mlls import ExactMarginalLogLikelihood
    from torch.quasirandom import SobolEngine

    results: list[tuple[Any, float]] = []
    states: list[TurboState] = []
    with alone():
        sobol = SobolEngine(dimension=3, scramble=True, seed=seed)
        torch.manual_seed(seed)

        def ask() -> Any:
            if not states:
                point = sobol.draw(n=1).to(dtype=torch.double)[0]
                return (point, False), read(point), 0
            x = torch.stack([x for x, _ in results])
            y = torch.tensor([[y] for _, y in results], dtype=torch.double)
            train_y = (y - y.mean()) / y.std()
            likelihood = GaussianLikelihood(noise_constraint=Interval(1e-8, 1e-3))
            kernel = MaternKernel(nu=2.5, ard_num_dims=3, lengthscale_constraint=Interval(0.005, 4.0))
            model = SingleTaskGP(x, train_y, covar_module=ScaleKernel(kernel), likelihood=likelihood)
            with gpytorch.settings.max_cholesky_size(float("inf")):
                fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
                point = generate_point(states[0], model, x, train_y, N_CANDIDATES)[0]
            return (point, True), read(point), 0

        def tell(handle: Any, loss: float, _failed: bool) -> None:
            point, of_region = handle
            results.append((point, -loss))
            if of_region:
                update_state(states[0], -loss)
            elif states:
                states[0].best_value = max(states[0].best_value, -loss)
            elif len(results) == 6:
                states.append(TurboState(3, best_value=max(y for _, y in results)))

        yield Own(ask, tell)


@contextmanager
def ax(seed: int, trials: int, workers: int) -> Iterator[Own]:
    import logging

    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        from ax.api.client import Client
        from loops_ax import float_parameters

        with alone():
            client = Client(random_seed=seed)
            client.configure_experiment(parameters=float_parameters())
            client.configure_optimization(objective="-loss")

            def ask() -> Any:
                ((index, values),) = client.get_next_trials(max_trials=1).items()
                return index, {name: values[name] for name in ("rate", "shrink", "momentum")}, 0

            def tell(index: int, loss: float, failed: bool) -> None:
                if failed:
                    client.mark_trial_abandoned(trial_index=index)
                else:
                    client.complete_trial(trial_index=index, raw_data={"loss": loss})

            yield Own(ask, tell)
    finally:
        logging.disable(disabled)


SKOPT = only(MIXED, "rate", "leaves", "depth", "act")
RESOURCES = RUNGS.resources
SMALL_MODEL = {"model": {"n_trees": 2}, "acquisition_maximizer": {"challengers": 100, "local_search_iterations": 1}}

PLAIN = [
    Case("random", learns_nothing("random")),
    Case("grid", learns_nothing("grid"), CHOICES),
    Case("sklearn_sampler", learns_nothing("sklearn_sampler")),
    Case("hyperopt_random", fmin("rand")),
    Case("hyperopt_anneal", fmin("anneal")),
    Case("hyperopt_tpe", fmin("tpe"), trials=40),
    Case("hyperopt_atpe", fmin("atpe"), trials=14, dear=True),
    Case("optuna_tpe", study(tpe)),
    Case("optuna_cmaes", study(sampler("CmaEsSampler", warn_independent_sampling=False))),
    Case("optuna_qmc", study(sampler("QMCSampler", scramble=True, warn_independent_sampling=False))),
    Case("optuna_gp", study(sampler("GPSampler")), needs="torch", dear=True),
    Case(
        "optuna_nsga2",
        study(sampler("NSGAIISampler", population_size=8)),
        settings={"population_size": 8},
        trials=40,
    ),
    Case("skopt_gp", skopt("GP"), SKOPT, trials=14),
    Case("skopt_et", skopt("ET", acq_func="EI", acq_optimizer="sampling"), SKOPT, trials=13),
    Case("smac_rf", partial(smac, "rf", SMALL_MODEL), TWO, needs="smac", settings={"crash_cost": CRASH, **SMALL_MODEL}),
    Case("smac_gp", partial(smac, "gp", {}), TWO, trials=16, needs="smac", settings={"crash_cost": CRASH}, dear=True),
    Case("nevergrad", nevergrad("NGOpt"), needs="nevergrad"),
    Case("nevergrad_cma", nevergrad("CMA"), trials=40, needs="nevergrad"),
    Case("nevergrad_de", nevergrad("TwoPointsDE"), trials=60, needs="nevergrad"),
    Case("nevergrad_pso", nevergrad("PSO"), trials=60, needs="nevergrad"),
    Case("catcma", catcma, trials=40),
    Case("cmaes_ipop", cma, only(MIXED, "shrink", "rate", "depth")),
    Case("cmaes_bipop", cma, only(MIXED, "shrink", "rate", "depth")),
    Case("pymoo_nsga2", pymoo, FLOATS, trials=40, needs="pymoo", settings={"pop_size": 10}),
    Case("botorch_gp", botorch, FLOATS, needs="botorch", settings=CHEAP, dear=True),
    Case("botorch_turbo", turbo, FLOATS, needs="botorch", settings={"candidates": N_CANDIDATES}, dear=True),
    Case("ax", ax, FLOATS, trials=14, needs="ax", dear=True),
]
FIDELITIES = [
    Case("asha", asha, needs="ray", ladder=RUNGS),
    Case("dehb", dehb, TWO, trials=60, needs="dehb", ladder=RUNGS),
    Case(
        "smac_hyperband",
        partial(smac_rungs, "smac_hyperband", {}),
        TWO,
        trials=60,
        needs="smac",
        settings={"crash_cost": CRASH},
        ladder=RUNGS,
    ),
    Case(
        "smac_multifidelity",
        partial(smac_rungs, "smac_multifidelity", SMALL_MODEL),
        TWO,
        trials=60,
        needs="smac",
        settings={"crash_cost": CRASH, **SMALL_MODEL},
        ladder=RUNGS,
    ),
    Case("random_rungs", random_rungs, ladder=RUNGS),
    Case("optuna_tpe_wilcoxon", wilcoxon, ladder=FOLDS),
    Case("optuna_tpe_patient", study(tpe, patient, LONG.resources[-1]), trials=40, ladder=LONG),
    *(
        Case(f"optuna_{name}", study(of, made, RESOURCES[-1]), trials=40, ladder=RUNGS)
        for name, of, made in (
            ("random_hyperband", sampler("RandomSampler"), pruner("HyperbandPruner", 1, RESOURCES[-1], 3)),
            ("tpe_median", tpe, pruner("MedianPruner")),
            ("tpe_percentile", tpe, pruner("PercentilePruner", 25.0)),
            ("tpe_sha", tpe, pruner("SuccessiveHalvingPruner", 1, 3, min_early_stopping_rate=0)),
        )
    ),
]
