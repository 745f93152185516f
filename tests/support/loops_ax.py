"""Ax's own loop, as its quickstart has it: a client that is asked for trials and told of them."""

import logging
import warnings
from typing import Any

from loops import MIXED, Case, Objective, only
from loops_botorch import FLOATS


def optimise(
    parameters: list[Any], read: Any, objective: Objective, seed: int, trials: int, abandon: bool = True
) -> None:
    import torch

    threads, disabled = torch.get_num_threads(), logging.root.manager.disable
    torch.set_num_threads(1)
    logging.disable(logging.CRITICAL)
    try:
        from ax.api.client import Client

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            client = Client(random_seed=seed)
            client.configure_experiment(parameters=parameters)
            client.configure_optimization(objective="-loss")
            for _ in range(trials):
                for index, values in client.get_next_trials(max_trials=1).items():
                    loss, failed = objective(read(values))
                    if failed and abandon:
                        client.mark_trial_abandoned(trial_index=index)
                    elif failed:
                        client.mark_trial_failed(trial_index=index)
                    else:
                        client.complete_trial(trial_index=index, raw_data={"loss": loss})
    finally:
        torch.set_num_threads(threads)
        logging.disable(disabled)


def float_parameters() -> list[Any]:
    from ax.api.configs import RangeParameterConfig

    return [
        RangeParameterConfig(name="rate", bounds=(0.01, 0.3), parameter_type="float", scaling="log"),
        RangeParameterConfig(name="shrink", bounds=(0.0, 0.9), parameter_type="float"),
        RangeParameterConfig(name="momentum", bounds=(-1.0, 2.0), parameter_type="float"),
    ]


def floats(objective: Objective, seed: int, trials: int, abandon: bool = True) -> None:
    optimise(float_parameters(), dict, objective, seed, trials, abandon)


def mixed(objective: Objective, seed: int, trials: int) -> None:
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    choices = {"nothing": None, "relu": "relu", "seven": 7}
    parameters = [
        RangeParameterConfig(name="rate", bounds=(0.01, 0.3), parameter_type="float", scaling="log"),
        RangeParameterConfig(name="units", bounds=(0, 3), parameter_type="int"),
        ChoiceParameterConfig(name="act", values=list(choices), parameter_type="str"),
    ]

    def read(values: dict[str, Any]) -> dict[str, Any]:
        return {"rate": values["rate"], "units": 32 + 32 * values["units"], "act": choices[values["act"]]}

    optimise(parameters, read, objective, seed, trials)


def calls(optimizer: Any) -> list[tuple[Any, str]]:
    names = ["get_next_trials", "complete_trial", "mark_trial_abandoned"]
    return [(optimizer._client, name) for name in names]


CASES = [
    Case("ax", "flat", FLOATS, floats, calls, "ax", few=10),
    Case("ax", "mixed", only(MIXED, "rate", "units", "act"), mixed, calls, "ax", trials=12, few=10),
]
