"""From a comparison to a model in a folder: the winner trained, saved without pickle, read back and checked."""

import math
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.config.folders import folders
from bench.config.own_file import is_own_file
from bench.datasets import file
from bench.datasets.delimited import Dialect
from bench.errors import UserError, allowed
from bench.models import Model
from bench.models.saved import FittedModel, load
from bench.problems import refitted
from bench.problems.data import DataProblem
from bench.results.best import Best, everything
from bench.running import card
from bench.running.choosing import choose
from bench.running.rebuilding import configuration_of, problem_of, recipe_of
from bench.running.thread_pools import limited
from bench.running.verify import differences
from bench.space import Configuration

ROWS = ("train", "train+valid", "all")
"""What a model can be trained on; train repeats the winning trial."""


def fit(
    experiment: str,
    *,
    problem: str | None = None,
    rows: str = "train",
    out: Path,
    results_dir: Path,
    datasets_dir: Path,
    data: Path | None = None,
    config_dir: Path | None = None,
    overwrite: bool = False,
    store: str | None = None,
    say: Callable[[str], None] = lambda _: None,
    look: Callable[[FittedModel, DataProblem], None] = lambda _model, _problem: None,
) -> FittedModel:
    """Train the configuration that a comparison is won by, save it to `out`, and return it as read back from there.

    `problem` is DATASET/MODEL where there are several. `rows`: "train" repeats the winning trial (of several folds, all
    their models), and what is read back must reach its recorded losses to the last bit; "train+valid" and "all" train
    one model on more rows, with the rounds or epochs that the trial found (the mean over folds, rounded up) and no
    early stopping. `data` is the file of a dataset of one's own, `config_dir` names components of one's own, as for
    `bench verify`. `say` is given a line where something takes long, `look` the model and its problem. Raises
    `UserError` where the comparison, the data or the folder cannot be used, or the losses come out otherwise.
    """
    folders(config_dir)
    if rows not in ROWS:
        raise UserError(f"--rows={rows}: {allowed(rows, ROWS)}")
    _check_folder(out, overwrite)
    with _replacing(out, overwrite) as place:  # what cannot be written is said before anything is trained
        choice = choose(experiment, problem, results_dir, datasets_dir, data, config_dir, store, say)
        best = choice.best
        of_trial = problem_of(best, recipe_of(best, datasets_dir, config_dir, data))
        assert isinstance(of_trial, DataProblem)  # a function is refused before
        configuration = configuration_of(best, of_trial)
        say(f"training {best.run} trial {best.row['trial']} on {rows}")
        with limited(of_trial.recipe.threads):
            trained = _trained(of_trial, configuration, best, rows)
            libraries = _saved(of_trial, trained, place)
            (place / "best.yaml").write_text(everything(best), encoding="utf-8")
            content = card.card(of_trial, choice, rows, trained.rows, trained.ended, libraries, config_dir)
            card.write(place, content)
            model = load(place)
            _check(of_trial, trained, best, model, rows)
    model = replace(model, folder=out)
    look(model, of_trial)
    return model


@dataclass(frozen=True)
class _Trained:
    fitted: Sequence[Any]
    """A model a fold, or one alone."""
    rows: NDArray[np.int64]
    """All that they were trained on."""
    ended: tuple[str, int] | None
    """What was fixed instead of stopping early."""


def _trained(problem: DataProblem, configuration: Configuration, best: Best, rows: str) -> _Trained:
    seed, threads = problem.model_seed, problem.recipe.threads
    if rows == "train":
        fitted = [
            problem.model.fit(dict(configuration), fold.train, fold.stop, seed, threads) for fold in problem.folds
        ]
        return _Trained(fitted, _union(problem, "train"), None)
    used = _union(problem, "train", "stop", "valid")
    if rows == "all" and problem.split.test is not None:
        used = np.union1d(used, problem.split.test)
    part = problem.part(used)
    model, ended = _without_stopping(problem, best)
    return _Trained([model.fit(dict(configuration), part, part, seed, threads)], used, ended)


def _without_stopping(problem: DataProblem, best: Best) -> tuple[Model, tuple[str, int] | None]:
    """The model with the rounds or epochs that the trial found, and no early stopping."""
    end = _end(best)
    if end is None:
        return problem.model, None
    model = refitted.without_stopping(
        problem.recipe.groups["model"], problem.dataset.task, len(problem.dataset.classes), end
    )
    return model, end


def _end(best: Best) -> tuple[str, int] | None:
    """`refitted.end_of` of the trial's folds."""
    several = best.details.get("folds")
    try:
        return refitted.end_of(several if isinstance(several, list) else [best.details])
    except ValueError as error:
        raise UserError(f"{best.path}: the details of trial {best.row['trial']} hold no number of {error}") from None


def _union(problem: DataProblem, *names: str) -> NDArray[np.int64]:
    parts = [getattr(fold, name) for fold in problem.split.folds for name in names]
    return np.unique(np.concatenate(parts))


# --- what is written, and whether it is what was trained --------------------------------------------------------------


def _saved(problem: DataProblem, trained: _Trained, place: Path) -> tuple[str, ...]:
    """Write models, preparation and predict.py; returns the distributions that these need."""
    from bench.models.saved import writing  # noqa: PLC0415 - every library's adapter, which mistakes do without

    data = problem.dataset
    name = data.target_name or "target"
    columns = writing.Columns(data.features, name, data.task, data.classes, _dialect(problem))
    return writing.save(trained.fitted, columns, place)


def _check(problem: DataProblem, trained: _Trained, best: Best, model: FittedModel, rows: str) -> None:
    """Raise `UserError` where what was read back predicts otherwise, or the repeated trial has other losses."""
    features = problem.dataset.features
    before: Any = 0.0
    for each in trained.fitted:
        before = before + each.predict(features)
    before = np.asarray(before) / len(trained.fitted)
    after = model.predict(features).to_numpy().reshape(before.shape)
    if not np.array_equal(before, after):
        raise UserError(
            f"{best.run}: the saved model predicts otherwise than the trained one; it was not written: report this"
        )
    if rows != "train":
        return
    losses = [
        problem.metric.loss(fold.valid.target, each.predict(fold.valid.features), fold.valid.weights)
        for each, fold in zip(trained.fitted, problem.folds, strict=True)
    ]
    reached = {"validation": math.fsum(losses) / len(losses)}
    recorded = {"validation": best.loss}
    if problem.test is not None and best.test_loss is not None and not problem.split.refit:
        predicted = model.predict(problem.test.features).to_numpy().reshape(len(problem.test.target), *before.shape[1:])
        reached["test"] = problem.metric.loss(problem.test.target, predicted, problem.test.weights)
        recorded["test"] = best.test_loss
    for kind, loss in recorded.items():
        if reached[kind] != loss:
            other = ", ".join(differences(best.metadata, problem)) or "nothing that is recorded"
            raise UserError(
                f"{best.run} trial {best.row['trial']}: trained again its {kind} loss is {reached[kind]!r}, and "
                f"{loss!r} is recorded; what differs: {other}; run the experiment again under another name"
            )


def _dialect(problem: DataProblem) -> dict[str, Any]:
    """How the training file was written, so that others like it can be read."""
    config = problem.recipe.groups["dataset"]
    dialect = Dialect()
    if is_own_file(config):
        drop = config.get("drop") or []
        dropped = [drop] if isinstance(drop, str) else drop
        dialect = file.read(Path(config["path"]).expanduser(), dropped, config).dialect
    encoding = dialect.encoding or "UTF-8"
    return {
        "separator": dialect.separator or ",",
        "decimal": dialect.decimal or ".",
        "thousands": dialect.thousands,
        "encoding": "utf-8-sig" if encoding.upper() == "UTF-8" else encoding,
        "missing": list(dialect.missing),
    }


def _check_folder(out: Path, overwrite: bool) -> None:
    """Raise `UserError` where the folder is there and not empty, unless it is to be replaced."""
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError(f"--out={out}: is no folder; choose another name")
    if out.is_dir() and any(out.iterdir()):
        if not overwrite:
            raise UserError(f"--out={out}: is not empty; choose another folder, or replace it with --overwrite")
        if not (out / "card.json").is_file():
            raise UserError(f"--out={out}: holds something else than a model; choose another folder")


@contextmanager
def _replacing(out: Path, overwrite: bool) -> Iterator[Path]:
    """A folder beside `out` to write to, which takes its place when the body ends, and is removed where it fails."""
    place = None
    try:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        place = Path(mkdtemp(prefix=f".{out.name}.", dir=out.absolute().parent))
        place.chmod(0o777 & ~_umask())
        yield place
        _check_folder(out, overwrite)
        if out.exists():
            out.replace(place.with_name(f"{place.name}.old"))
        place.replace(out)
    except OSError as error:
        raise UserError(f"--out={out}: cannot be written ({error.strerror or error}); choose another folder") from None
    finally:
        for left in [] if place is None else (place, place.with_name(f"{place.name}.old")):
            shutil.rmtree(left, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
