"""Ax's client, asked and told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from objects_botorch import alone
from side_by_side import Own


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
