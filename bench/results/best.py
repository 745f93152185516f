"""The best configuration of each problem, as YAML to take home."""

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.errors import UserError
from bench.results import soundness, tables
from bench.results.tables import Results, RunId, UnreadableTable
from bench.wording import one_line


def best(experiment: str, dataset: str | None, model: str | None, results_dir: Path) -> str:
    """The configuration of the least validation loss of each problem, as YAML documents."""
    results = _sound(experiment, results_dir)
    trials = results.trials
    documents = []
    for (of_dataset, of_model), group in trials.groupby(["dataset", "model"], observed=True):
        if dataset not in (None, of_dataset) or model not in (None, of_model):
            continue
        problem = one_line(f"{of_dataset} {of_model}")
        of_problem = [data for run, data in results.runs.items() if (run.dataset, run.model) == (of_dataset, of_model)]
        if len({_family(data) for data in of_problem}) > 1:
            raise UserError(
                f"{problem}: the runs of {experiment!r} are on different problems (another metric, "
                "split, space or data), whose losses cannot be compared; give them different names"
            )
        succeeded = group.dropna(subset=["loss"])
        if succeeded.empty:
            documents.append(f"# {problem}: no trial succeeded\n")
            continue
        row = succeeded.sort_values("loss", kind="stable").iloc[0]
        metric = one_line(of_problem[0].get("metric") or "loss")
        test = "" if pd.isna(row["test_loss"]) else f", test loss {row['test_loss']:.6g}"
        head = (
            f"# {problem}: validation loss {row['loss']:.6g}{test} ({metric})\n"
            f"# {one_line(row['optimizer'])}, seed {row['seed']}, trial {row['trial']} of experiment "
            f"{one_line(experiment)}\n"
        )
        if len({data.get("problem") for data in of_problem}) > 1:
            head += "# each seed has a split of its own: the lowest loss favours the easiest split\n"
        run = RunId(*(row[field.name] for field in fields(RunId)))
        source = results.runs[run].get("imported")
        if source and row["configuration"] != "{}":
            head += f"# imported from {one_line(source.get('file'))}\n"
        if source and row["configuration"] == "{}":
            documents.append(f"{head}# imported from {one_line(source.get('file'))}: the configuration is not known\n")
        else:
            documents.append(head + _yaml(run, json.loads(row["configuration"]), results_dir))
    if not documents:
        problems = trials[["dataset", "model"]].drop_duplicates().itertuples(index=False)
        raise UserError(f"no such problem in {experiment}; allowed: {', '.join(' '.join(pair) for pair in problems)}")
    return "---\n".join(documents)


def _sound(experiment: str, results_dir: Path) -> Results:
    """Every run of the experiment; raises `UnreadableTable` where the table of one cannot be relied on."""
    read, runs = [], {}
    for run, path in tables.find_some(results_dir, experiment).items():
        table, runs[run] = tables.read_run(path)
        fault = soundness.fault_of_place(vars(run), table)
        if fault:
            raise UnreadableTable(path, fault)
        read.append(table)
    return tables.combined(read, runs)


def _family(metadata: Mapping[str, Any]) -> object:
    return metadata.get("problem_family") or metadata.get("problem")


def _yaml(run: RunId, configuration: Mapping[str, Any], results_dir: Path) -> str:
    try:
        return OmegaConf.to_yaml(configuration)
    except OmegaConfBaseException:
        path = run.path(results_dir)
        raise UnreadableTable(path, "its best configuration holds a '${' that YAML with Hydra would replace") from None
