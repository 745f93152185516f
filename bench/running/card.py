"""What is to be known of a trained model: for people in card.md, for programs in card.json."""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import provenance
from bench.config.registered import registered
from bench.errors import UserError
from bench.metrics import scale
from bench.problems.data import DataProblem
from bench.running.choosing import Choice
from bench.wording import one_line, plural

_ALWAYS = ("numpy", "pandas", "pyarrow")
_ABOUT = ("source", "licence", "citation")


def card(
    problem: DataProblem,
    choice: Choice,
    rows: str,
    used: NDArray[np.int64],
    ended: tuple[str, int] | None,
    libraries: Iterable[str],
    config_dir: Path | None,
) -> dict[str, Any]:
    """The content of card.json; `ended` is what was fixed instead of stopping early."""
    best, dataset, groups = choice.best, problem.dataset, problem.recipe.groups
    folds = len(problem.split.folds)
    needed = {*_ALWAYS, *libraries, *problem.model.libraries}
    return {
        "experiment": best.run.experiment,
        "problem": f"{best.run.dataset}/{best.run.model}",
        "model": {
            "class": groups["model"]["class"],
            "settings": groups["model"].get("settings") or {},
            "revision": problem.model.revision,
            "seed": problem.model_seed,
            "configuration": best.configuration,
            **({"fixed": {ended[0]: ended[1]}} if ended else {}),
        },
        "trained_on": {
            "rows": rows,
            "count": len(used),
            "of": len(dataset.target),
            "models": folds if rows == "train" else 1,
        },
        "task": dataset.task,
        "target": dataset.target_name,
        "classes": list(dataset.classes),
        "losses": {
            "metric": problem.metric.label,
            "of": _whose(problem, rows),
            "words": best.words,
            "validation": best.loss,
            "test": best.test_loss,
            "stops_on_valid": problem.split.stops_on_valid,
            "over_runs": {"runs": choice.runs, **choice.losses},
        },
        "chosen": {
            "optimizer": best.run.optimizer,
            "seed": best.run.seed,
            "trial": int(best.row["trial"]),
            "rule": list(choice.rule),
            "level": list(choice.level),
        },
        "data": {
            "name": best.run.dataset,
            "content": dataset.content,
            **({"sha256": groups["dataset"]["sha256"]} if groups["dataset"].get("sha256") else {}),
            "features": dataset.features.shape[1],
            **_about(problem, config_dir),
        },
        "versions": provenance.versions(needed),
        "python": platform.python_version(),
        "trained_with": provenance.environment(),
    }


def write(folder: Path, content: Mapping[str, Any]) -> None:
    """card.json, card.md and requirements.txt of a folder whose model is there, with the digests of its files."""
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
    whole = {**content, "files": files}
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")
    (folder / "card.md").write_text(_markdown(whole), encoding="utf-8")
    lines = [f"{name}=={version}\n" for name, version in sorted(content["versions"].items())]
    (folder / "requirements.txt").write_text("".join(lines), encoding="utf-8")


def _about(problem: DataProblem, config_dir: Path | None) -> dict[str, str]:
    """Source, licence and citation of the data, as its config says: the user's, else the recorded one."""
    config = problem.recipe.groups["dataset"]
    try:
        entries = registered("dataset", "load", config.get("load"), config_dir)
    except UserError:
        entries = []
    own = next((entry for entry in entries if entry.get("name") == config["name"]), {})
    return {key: one_line(own.get(key) or config.get(key) or "not stated") for key in _ABOUT}


def _markdown(card: Mapping[str, Any]) -> str:
    losses, data, chosen, trained = (card[name] for name in ("losses", "data", "chosen", "trained_on"))
    several = (
        f", {trained['models']} models, one a fold, whose predictions are averaged" if trained["models"] > 1 else ""
    )
    return f"""# {card["problem"]}

`{card["model"]["class"]}`, {card["task"]}, target `{card["target"]}`. It predicts rows of a CSV or parquet file that
has the columns of the training data:

```bash
pip install -r requirements.txt
python predict.py rows.csv --out predictions.csv
```

## Trained on

{trained["rows"]}: {trained["count"]:,} of {trained["of"]:,} rows{several}.{_ended(card["model"])}

## Losses

Of {losses["of"]}: {losses["words"]}.{_optimistic(losses)}

{_intervals(losses, chosen["optimizer"])}

## Chosen

{" ".join(chosen["rule"])}

It is trial {chosen["trial"]} of seed {chosen["seed"]} in experiment `{card["experiment"]}`; `best.yaml` has all that
its losses depend on.

## Data

- {data["name"]}: {plural(data["features"], "feature")}, {trained["of"]:,} rows; SHA-256 of the table as read:
  `{data["content"]}`
- licence: {data["licence"]}
- source: {data["source"]}
- citation: {data["citation"]}

## Made with

{", ".join([f"Python {card['python']}", *(f"{name} {version}" for name, version in card["versions"].items())])}
"""


def _ended(model: Mapping[str, Any]) -> str:
    return "".join(
        f"\nIts {name} are fixed at {value}: those that the trial found on train, the mean over folds rounded up."
        for name, value in model.get("fixed", {}).items()
    )


def _intervals(losses: Mapping[str, Any], optimizer: str) -> str:
    """The losses over runs: how much another run of the same search would differ."""
    over = losses["over_runs"]
    shown = scale(losses["metric"])
    better = "higher" if shown.larger_is_better else "lower"
    lines = [f"Over the {plural(over['runs'], 'run')} of {optimizer}, {shown.name}, {better} is better:", ""]
    for kind in ("validation", "test"):
        values = over.get(kind, {})
        if "median" in values:
            known = "low" in values and "high" in values
            ends = sorted(shown.turned(values[end]) for end in ("low", "high")) if known else []
            interval = f" (95 % confidence interval {ends[0]:.6g} to {ends[1]:.6g})" if known else ""
            lines.append(f"- {kind}: median {shown.turned(values['median']):.6g}{interval}")
    return "\n".join([*lines, *([] if over["runs"] >= 6 else ["", "An interval needs 6 runs."])])


def _whose(problem: DataProblem, rows: str) -> str:
    """The model that the losses are of."""
    if problem.split.refit:
        return (
            "the models of the folds (validation), and of one of the same configuration on all rows outside test (test)"
        )
    return "this model" if rows == "train" else "the model of the same configuration trained on train alone"


def _optimistic(losses: Mapping[str, Any]) -> str:
    if not losses["stops_on_valid"]:
        return ""
    return "\nWhat stands for validation is optimistic: configurations, and rounds or epochs, were chosen by it."
