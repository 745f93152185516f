"""The best configuration of each problem, as YAML to take home."""

import json
from dataclasses import fields
from pathlib import Path

import pandas as pd
from omegaconf import OmegaConf

from bench.errors import UserError
from bench.results import tables
from bench.results.tables import RunId


def best(experiment: str, dataset: str | None, model: str | None, results_dir: Path) -> str:
    """The configuration of the least validation loss of each problem, as YAML documents."""
    results = tables.read(results_dir, [experiment])
    trials = results.trials
    documents = []
    for (of_dataset, of_model), group in trials.groupby(["dataset", "model"], observed=True):
        if dataset not in (None, of_dataset) or model not in (None, of_model):
            continue
        of_problem = [data for run, data in results.runs.items() if (run.dataset, run.model) == (of_dataset, of_model)]
        if len({data["problem_family"] for data in of_problem}) > 1:
            raise UserError(
                f"{of_dataset} {of_model}: the runs of {experiment!r} are on different problems (another metric, "
                "split, space or data), whose losses cannot be compared; give them different names"
            )
        succeeded = group.dropna(subset=["loss"])
        if succeeded.empty:
            documents.append(f"# {of_dataset} {of_model}: no trial succeeded\n")
            continue
        row = succeeded.sort_values("loss", kind="stable").iloc[0]
        test = "" if pd.isna(row["test_loss"]) else f", test loss {row['test_loss']:.6g}"
        head = (
            f"# {of_dataset} {of_model}: validation loss {row['loss']:.6g}{test} ({of_problem[0]['metric']})\n"
            f"# {row['optimizer']}, seed {row['seed']}, trial {row['trial']} of experiment {experiment}\n"
        )
        if len({data["problem"] for data in of_problem}) > 1:
            head += "# each seed has a split of its own: the least loss favours the easiest split\n"
        source = results.runs[RunId(*(row[field.name] for field in fields(RunId)))].get("imported")
        if source:
            documents.append(f"{head}# imported from {source['file']}: the configuration is not known\n")
        else:
            documents.append(head + OmegaConf.to_yaml(json.loads(row["configuration"])))
    if not documents:
        problems = trials[["dataset", "model"]].drop_duplicates().itertuples(index=False)
        raise UserError(f"no such problem in {experiment}; allowed: {', '.join(' '.join(pair) for pair in problems)}")
    return "---\n".join(documents)
