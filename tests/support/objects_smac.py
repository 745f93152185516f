"""SMAC's facades, asked and told."""

import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from fidelity_loops import smac_facade, smac_planned
from loops_smac import CRASH, plain, two
from side_by_side import RUNGS, Own


def tell_smac(facade: Any, crash_cost: float | None, info: Any, loss: float, failed: bool) -> None:
    from smac.runhistory import StatusType, TrialValue

    status = StatusType.CRASHED if failed else StatusType.SUCCESS
    cost = loss if crash_cost is None or not failed else crash_cost
    facade.tell(info, TrialValue(cost, status=status))


@contextmanager
def smac(
    name: str,
    settings: dict[str, Any],
    seed: int,
    trials: int,
    workers: int,
    crash_cost: float | None = CRASH,
    change: Callable[[Any], None] = lambda _: None,
) -> Iterator[Own]:
    """`settings` are arguments of the facade's `get_...`; a failure costs `crash_cost`, or the loss that is told.

    `change` is done to the facade before it begins.
    """
    import smac

    made = {"rf": smac.HyperparameterOptimizationFacade, "gp": smac.BlackBoxFacade}[name]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scenario = smac.Scenario(two(), deterministic=True, n_trials=trials, seed=seed, output_directory=folder)
        given = {key: getattr(made, f"get_{key}")(scenario, **arguments) for key, arguments in settings.items()}
        facade = made(scenario, logging_level=False, overwrite=True, **given)
        change(facade)

        def ask() -> Any:
            info = facade.ask()
            return info, plain(info.config), 0

        yield Own(ask, partial(tell_smac, facade, crash_cost))


@contextmanager
def smac_rungs(
    name: str,
    settings: dict[str, Any],
    seed: int,
    trials: int,
    workers: int,
    crash_cost: float | None = CRASH,
    change: Callable[[Any], None] = lambda _: None,
) -> Iterator[Own]:
    planned = smac_planned(trials, RUNGS.resources)
    with smac_facade(name, two(), planned, RUNGS.resources, seed, **settings) as facade:
        change(facade)

        def ask() -> Any:
            info = facade.ask()
            return info, plain(info.config), round(info.budget)

        yield Own(ask, partial(tell_smac, facade, crash_cost))
