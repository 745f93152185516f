"""Optuna's study, asked and told: `study.ask`, `trial.report`, `trial.should_prune`, `study.tell`."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ladder import fold_loss
from side_by_side import FOLDS, Make, Own


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
