"""A model that `bench fit` wrote, as a version of a registered model in MLflow."""

import re
import time
from collections.abc import Mapping

import pandas as pd

from bench import texts
from bench.errors import UserError
from bench.models.saved import FittedModel
from bench.provenance import digest
from bench.tracking import export, records
from bench.wording import shortened

EXAMPLE_ROWS = 3
"""Of the training data, kept with the model as an example of its input."""
_LONGEST = 255


class Registration:
    """Where a model is to be registered, tried before it is trained."""

    def __init__(self, experiment: str, name: str, alias: str | None, uri: str) -> None:
        """Raises `UserError` where a name cannot be one, the extra is missing, or MLflow cannot be used."""
        _check_name(name)
        if alias is not None:
            _check_alias(alias)
        self._experiment, self._name, self._alias, self._uri = experiment, name, alias, uri
        export.client_module("bench fit --register")
        from bench.tracking import mlflow_models  # noqa: PLC0415 - MLflow, which only now is known to be there

        self._registry = mlflow_models.Registry(uri, experiment)

    def register(self, model: FittedModel, features: pd.DataFrame, artefacts: Mapping[str, bytes]) -> str:
        """Make the model a version, and give it the alias; what became of it, in a line.

        `features` are those of all rows of the dataset, `artefacts` go to the run that the version comes from. A model
        that is there, of the same card, is not registered again: it is given the alias alone.
        """
        record = _record(self._experiment, model)
        version, new = self._registry.register(self._name, record, model, example_of(features), artefacts)
        if self._alias is not None:
            self._registry.alias(self._name, self._alias, version)
        where = f"models:/{self._name}/{version}"
        called = f", and models:/{self._name}@{self._alias}" if self._alias is not None else ""
        state = "" if new else ", there before and the same"
        return f"registered as {where}{called}{state} (MLflow at {texts.without_passwords(self._uri)})"


def example_of(features: pd.DataFrame) -> pd.DataFrame:
    """The first rows, as a user has them: text in the place of categories, whole numbers without a fraction."""
    few = features.head(EXAMPLE_ROWS)
    columns = {}
    for name in few:
        values = few[name]
        if isinstance(values.dtype, pd.CategoricalDtype):
            columns[name] = values.astype(object).where(values.notna(), None)
        else:
            columns[name] = values.astype("int64") if _is_whole(features[name]) else values
    return pd.DataFrame(columns, index=range(len(few)))


def _is_whole(values: pd.Series) -> bool:
    """Whether a column of numbers holds whole ones alone, so that others may read it as integers."""
    return bool(values.notna().all() and (values % 1 == 0).all() and values.abs().max() < 2**53)


def _record(experiment: str, model: FittedModel) -> records.Record:
    """The run that the version comes from: configuration, losses and origin; card and best.yaml are beside it."""
    card = model.card
    chosen, trained = card["chosen"], card["trained_on"]
    dataset, name = str(card["problem"]).split("/")
    # Not its files: scikit-learn's carry the time at which they were written.
    content = digest({key: value for key, value in card.items() if key not in ("trained_with", "files")})
    of_run = f"{experiment}/{dataset}/{name}/{chosen['optimizer']}/{chosen['seed']}"
    tags = {
        "bench.experiment": experiment,
        "bench.problem": card["problem"],
        "bench.run": of_run,
        "bench.trial": str(chosen["trial"]),
        "bench.rule": " ".join(chosen["rule"]),
        "bench.level": ", ".join(chosen["level"]) or "nothing was tested",
        "bench.losses": f"{card['losses']['of']}: {card['losses']['words']}",
        "bench.trained_on": f"{trained['rows']}: {trained['count']} of {trained['of']} rows",
        "bench.data": card["data"]["content"],
        "bench.model_content": content,
        "mlflow.note.content": (model.folder / "card.md").read_text(encoding="utf-8"),
    }
    now = int(time.time() * 1000)
    return records.Record(
        key=f"fit/{experiment}/{dataset}/{name}/{content[:16]}",
        parent=experiment,
        name=f"fit {dataset}/{name}",
        status="FINISHED",
        start=now,
        end=now,
        parameters=records.leaves(card["model"]["configuration"]),
        tags=records.cut(tags),
    )


def _check_name(name: str) -> None:
    """MLflow's rule for the name of a registered model, tried before anything is trained."""
    if not re.fullmatch(r"[^/:]+", name) or not name.strip() or name in (".", "..") or len(name) > _LONGEST:
        raise UserError(
            f"--register={shortened(name)!r}: names no model in MLflow; expected at most {_LONGEST} characters without "
            "'/' and ':'"
        )


def _check_alias(alias: str) -> None:
    """MLflow's rule for an alias."""
    if re.fullmatch(r"(?i)latest|v\d+", alias):
        raise UserError(f"--alias={alias}: MLflow keeps this word for itself; choose another, such as champion")
    if not re.fullmatch(r"[\w-]+", alias, flags=re.ASCII) or len(alias) > _LONGEST:
        raise UserError(
            f"--alias={shortened(alias)!r}: expected letters, digits, '_' and '-', at most {_LONGEST} of them"
        )
