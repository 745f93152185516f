"""Valid inputs, each made once: folders with results and stores, and logs of others."""

import contextlib
import io
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import optuna
import pandas as pd
from commands import TOY, bench
from foreign_logs import carps_line, fill, nni_database, ray_trial
from ladder_tables import RUNGS, Trial, drawn, loss_at, put_ladder, whole
from optuna.storages import JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from several_tables import put_several

from bench.results import RunId

optuna.logging.set_verbosity(optuna.logging.ERROR)
FUNCTION = ["dataset=function", "model=branin", "model.stored=true", "budget.trials=4"]
OF_TOY = [*TOY, "+model.settings.fail_above=0.9", "budget.trials=3"]
REPLAYED = ["dataset=function", "model=branin", "budget.trials=25"]
REPLAY = [
    "dataset=replay",
    "dataset.experiment=r",
    "model=replay",
    "optimizer=random",
    "budget.trials=3",
    "dataset.force=true",
]


def quietly(*arguments: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        status = bench(*arguments)
    assert status == 0, (arguments, err.getvalue())


def made() -> None:
    """Runs of a function and of a toy, with their store; `e` has two problems."""
    for seed in ("0", "1"):
        for optimizer in ("random", "sklearn_sampler"):
            quietly("run", *FUNCTION, f"optimizer={optimizer}", f"seed={seed}", "name=e")
    quietly("run", *OF_TOY, "optimizer=random", "name=e")
    quietly("run", "dataset=wine", "model.settings.rounds=3", "optimizer=random", "budget.trials=2", "name=f")


def packed() -> None:
    """The same with one experiment packed."""
    quietly("pack", "e")


def by_hand() -> None:
    """Runs on a ladder of fidelities, and runs with several losses."""
    for seed in range(3):
        chance = random.Random(seed)
        put_ladder(Path("results"), RunId("e", "d", "m", "rungs", seed), [whole(chance) for _ in range(4)], 4)
        plain = [Trial(each, RUNGS[-1], loss_at(each, RUNGS[-1])) for each in (drawn(chance) for _ in range(4))]
        put_ladder(Path("results"), RunId("e", "d", "m", "random", seed), plain, 4)
        losses = [(chance.random(), float(chance.randrange(4))) for _ in range(4)]
        put_several(Path("results"), RunId("f", "d", "m", "random", seed), [(each, each) for each in losses])


def replayed() -> None:
    """An experiment that can be replayed, and its surrogate."""
    for optimizer in ("random", "sklearn_sampler", "hyperopt_random"):
        for seed in ("0", "1"):
            quietly("run", *REPLAYED, f"optimizer={optimizer}", f"seed={seed}", "name=r")
    with small_surrogates():
        quietly("run", *REPLAY, "name=q")


def small_surrogates() -> contextlib.ExitStack:
    """Fewer trees: what reads them does not depend on it."""
    from bench.problems.surrogates import fitting

    stack = contextlib.ExitStack()
    stack.enter_context(mock.patch.object(fitting, "TREES", 5))
    stack.enter_context(mock.patch("bench.problems.surrogates.accuracy.CANDIDATES", fitting.CANDIDATES[1:2]))
    return stack


_FIRST = {"packed": "made"}
"""Folders that begin as a copy of another."""
FOLDERS: dict[str, Callable[[], None]] = {"made": made, "packed": packed, "by hand": by_hand, "replayed": replayed}


def optuna_sqlite(folder: Path) -> None:
    storage = RDBStorage(f"sqlite:///{folder}/log")
    for name in ("tpe_0", "tpe_1"):
        fill(storage, name)
    storage.remove_session()
    storage.engine.dispose()


def optuna_journal(folder: Path) -> None:
    storage = JournalStorage(JournalFileBackend(str(folder / "log")))
    for name in ("tpe_0", "tpe_1"):
        fill(storage, name)


def optuna_csv(folder: Path) -> None:
    fill(study := optuna.storages.InMemoryStorage(), "tpe_0")
    optuna.load_study(study_name="tpe_0", storage=study).trials_dataframe().to_csv(folder / "log")


def plain_csv(folder: Path) -> None:
    rows = [
        {"optimizer": name, "seed": seed, "trial": trial, "loss": 1 / (1 + trial + seed), "test_loss": 0.5,
         "seconds": 0.1, "status": "ok", "dataset": "d", "model": "m", "params_lr": 0.1 * (trial + 1),
         "params_act": "relu"}
        for name in ("tpe", "random") for seed in (0, 1) for trial in range(3)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "log", index=False)


def hyperopt_json(folder: Path) -> None:
    trials = [
        {"state": 2, "tid": number, "result": {"loss": 0.5 / (number + 1), "status": "ok" if number != 2 else "fail"},
         "misc": {"vals": {"x": [0.1 * number], "net": [number % 2], "net_n": [3] if number % 2 else []}},
         "book_time": "2026-01-01 00:00:00", "refresh_time": "2026-01-01 00:00:01"}
        for number in range(4)
    ]  # fmt: skip
    (folder / "log").write_text(json.dumps(trials))


def ray_folder(folder: Path) -> None:
    for number, form in enumerate(("json", "csv")):
        place = folder / "log" / f"tpe_{number}"
        states = [ray_trial(place, trial, [0.5, 0.5 / (trial + 1)], form) for trial in range(3)]
        (place / "experiment_state-2026.json").write_text(
            json.dumps({"trial_data": [[state, "{}"] for state in states]})
        )


def nni_sqlite(folder: Path) -> None:
    nni_database(folder / "log")


def nni_json(folder: Path) -> None:
    entries = [
        {"parameter": {"lr": 0.5 / (number + 1), "act": "a"}, "value": str(0.25 * number), "trialJobId": f"x{number}"}
        for number in range(3)
    ]
    (folder / "log").write_text(json.dumps(entries))


def nni_csv(folder: Path) -> None:
    (folder / "log").write_text("reward,lr,trialJobId,act\n0.25,0.5,x,a\n0.5,0.25,y,b\n")


def carps_folder(folder: Path) -> None:
    for seed in (1, 2):
        run = folder / f"log/RandomSearch/bbob/2/{seed}"
        (run / ".hydra").mkdir(parents=True)
        names = {"seed": seed, "optimizer_id": "RandomSearch", "task_id": "bbob/2/1/0", "benchmark_id": "BBOB"}
        (run / ".hydra/config.yaml").write_text(json.dumps(names))
        lines = [carps_line(1, 3.5), carps_line(2, 2.5), carps_line(3, 1.5, status=2), carps_line(4, 0.5 * seed)]
        (run / "trial_logs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def carps_parquet(folder: Path) -> None:
    rows = []
    for line in (carps_line(1, 3.5), carps_line(2, 2.5), carps_line(3, 1.5, status=2)):
        info, value = ({f"{k}__{n}": v for n, v in line[k].items()} for k in ("trial_info", "trial_value"))
        info |= {"trial_info__config": str(line["trial_info"]["config"]), "trial_info__additional_info": "{}"}
        names = {"seed": 1, "optimizer_id": "R", "task_id": "bbob/2/1/0", "benchmark_id": "BBOB"}
        rows.append({"n_trials": line["n_trials"], **info, **value, "trial_value__additional_info": "{}"} | names)
    pd.DataFrame(rows).to_parquet(folder / "log")


def branin_csv(folder: Path) -> None:
    """Of the problem that the experiment `e` of `made` has, as whoever vouches for it may bring it."""
    rows = [
        {"optimizer": "tpe", "seed": seed, "trial": trial, "loss": 9.5 - trial, "params_x1": trial / 2, "params_x2": 1}
        for seed in (0, 1) for trial in range(3)
    ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "log", index=False)


def branin_sqlite(folder: Path) -> None:
    """The same from Optuna, which says what the space was."""
    storage = RDBStorage(f"sqlite:///{folder}/log")
    study = optuna.create_study(storage=storage, study_name="tpe_0", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("x1", -5.0, 10.0) + trial.suggest_float("x2", 0.0, 15.0), 3)
    storage.remove_session()
    storage.engine.dispose()


OF_BRANIN = ("branin_csv", "branin_sqlite")
LOGS: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (
        *(optuna_sqlite, optuna_journal, optuna_csv, plain_csv, hyperopt_json, ray_folder, nni_sqlite, nni_json),
        *(nni_csv, carps_folder, carps_parquet, branin_csv, branin_sqlite),
    )
}


class Templates:
    """Where the valid inputs lie; each is made where it is first asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, name: str, to: Path) -> None:
        """Put a copy of a folder's content into `to`."""
        shutil.copytree(self._there(name), to, dirs_exist_ok=True, symlinks=True)

    def _there(self, name: str) -> Path:
        place = self.root / name
        if not place.exists():
            part = self.root / f".{name}.{os.getpid()}"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            if name in _FIRST:
                self.folder(_FIRST[name], part)
            if name in LOGS:
                LOGS[name](part)
            else:
                with contextlib.chdir(part):
                    FOLDERS[name]()
            try:
                part.rename(place)
            except OSError:  # another process was quicker
                shutil.rmtree(part)
        return place
