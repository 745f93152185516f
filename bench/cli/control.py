"""What `bench control` does: the control's runs, then what came of them, in a line for each problem."""

import json
from pathlib import Path

import typer

from bench import texts
from bench.config import catalogue
from bench.report.analysis import controls
from bench.running import compose, controlling, launch


def run(
    experiment: str,
    overwrite: bool,
    results_dir: Path,
    datasets_dir: Path,
    store: str | None,
    config_dir: Path | None,
) -> bool:
    """Do what of the control is not done, print and keep what came of it; returns whether no optimiser beats it."""
    if config_dir is not None:
        catalogue.find_own_classes(config_dir)
    control = controlling.of(experiment, results_dir, datasets_dir, store, config_dir)
    for note in control.notes:
        typer.echo(f"note: {texts.line(note)}", err=True)
    master, _ = compose.swept([f"overwrite={json.dumps(overwrite)}"], config_dir)
    try:
        launch.carry_out(master, control.specs, lambda _: ())
    except launch.RunsFailedError as error:
        for line in (*error.lines(), str(error)):
            typer.echo(f"bench: {texts.line(line)}", err=True)
        raise typer.Exit(1) from None
    found = controls.outcomes(results_dir, control.experiment, control.reference)
    controls.write(results_dir, experiment, {control.problems[place]: outcome for place, outcome in found.items()})
    for place, outcome in found.items():
        typer.echo(texts.line(f"{place}: {outcome.line()}"))
    return not any(outcome.better for outcome in found.values())
