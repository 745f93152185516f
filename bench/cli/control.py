"""`bench control`: the control's runs, then what came of them, in a line for each problem."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bench import texts
from bench.cli.options import ConfigDir, DatasetsDir, ResultsDir, StoreUrl
from bench.cli.stopping import GOES_ON, complain, stoppable


def control(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Do the control's finished runs again.")] = False,
    config_dir: ConfigDir = None,
    results_dir: ResultsDir = Path("results"),
    datasets_dir: DatasetsDir = Path("datasets"),
    store: StoreUrl = None,
) -> None:
    """Check a comparison on permuted losses, where no method can win.

    Its optimisers run with the same budget and seeds where each configuration has the loss of another: none should beat
    random search. The runs are those of the experiment NAME-control; what came of them stands in the audit of NAME. The
    exit status is 1 where an optimiser does beat it.
    """
    with stoppable(GOES_ON):
        holds = _run(experiment, overwrite, results_dir, datasets_dir, store, config_dir)
    if not holds:
        raise typer.Exit(1)


def _run(
    experiment: str,
    overwrite: bool,
    results_dir: Path,
    datasets_dir: Path,
    store: str | None,
    config_dir: Path | None,
) -> bool:
    """Do what of the control is not done, print and keep what came of it; returns whether no optimiser beats it."""
    from bench.config import catalogue  # noqa: PLC0415 - heavy libraries, which help does not need
    from bench.report.analysis import controls  # noqa: PLC0415
    from bench.running import compose, controlling, launch  # noqa: PLC0415

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
            complain(line)
        raise typer.Exit(1) from None
    found = controls.outcomes(results_dir, control.experiment, control.reference)
    controls.write(results_dir, experiment, {control.problems[place]: outcome for place, outcome in found.items()})
    for place, outcome in found.items():
        typer.echo(texts.line(f"{place}: {outcome.line()}"))
    return not any(outcome.better for outcome in found.values())
