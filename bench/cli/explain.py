"""`bench explain`: make a run on a function, or ask a recorded one again, then draw what was recorded of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench import texts
from bench.cli.options import ConfigDir, ResultsDir
from bench.cli.stopping import stoppable
from bench.errors import UserError

if TYPE_CHECKING:
    from bench.running.explain import Explanation

_TRIALS = 15
HELP = """Show the model behind each proposal of an optimiser's run.

A run on a function is made anew; of a recorded run the optimiser is asked again and told the recorded losses.
Nothing of it is stored. Written are the values as explain.parquet, a figure of each proposal (PNG, PDF), and a page
that plays them, which needs no network. The values are those of the optimiser's library; of one that shows no
model, as random search, the proposals alone are drawn.

\b
a function:      bench explain --optimizer skopt_gp --model branin
a recorded run:  bench explain otto_reference --optimizer skopt_gp
"""


def explain(
    optimizer: Annotated[str, typer.Option(help="The optimiser, such as optuna_tpe.")],
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EXPERIMENT | OVERRIDES",
            help="An experiment of yours; or, with --model, overrides as of 'bench run': model.dimension=1, say.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option(help="A function to run on, such as branin.")] = None,
    problem: Annotated[str | None, typer.Option(help="DATASET/MODEL, where the experiment has several.")] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, max=200, help="Of the run on a function, 15; of a recorded one, all.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The run's seed: 0; of recorded runs the lowest.", show_default=False)
    ] = None,
    parameters: Annotated[
        str, typer.Option(help="One or two to look at, with a comma between them, where there are more.")
    ] = "",
    config_dir: ConfigDir = None,
    results_dir: ResultsDir = Path("results"),
    reports_dir: Annotated[Path, typer.Option(help="Where the folder explain/ goes.")] = Path("reports"),
) -> None:
    """Show the model behind each proposal of an optimiser's run."""
    with stoppable("stopped; what was drawn before is left as it is"):
        experiment, overrides = _parted(what or [], model, problem)
        names = [name for name in parameters.split(",") if name]
        explanation = _explained(
            experiment, overrides, model, optimizer, problem, seed, trials, names, config_dir, results_dir
        )
        page = _write(explanation, reports_dir)
    for note in explanation.notes:
        typer.echo(f"note: {texts.line(note)}", err=True)
    typer.echo(texts.line(page))


def _parted(what: Sequence[str], model: str | None, problem: str | None) -> tuple[str | None, list[str]]:
    """The experiment, if one is named, and the overrides, of what stands on the command line."""
    experiments, overrides = [each for each in what if "=" not in each], [each for each in what if "=" in each]
    if len(experiments) > 1:
        raise UserError(f"{experiments[1]}: one experiment at a time; leave it out")
    if bool(experiments) is (model is not None):
        raise UserError("EXPERIMENT: name an experiment of yours, or a function to run on, as --model branin")
    if experiments and overrides:
        raise UserError(f"{overrides[0]}: is of use with --model alone; leave it out")
    if model is not None and problem is not None:
        raise UserError(f"--problem={problem}: is of use with an experiment alone; leave it out")
    return (experiments[0] if experiments else None), overrides


def _explained(
    experiment: str | None,
    overrides: Sequence[str],
    model: str | None,
    optimizer: str,
    problem: str | None,
    seed: int | None,
    trials: int | None,
    parameters: Sequence[str],
    config_dir: Path | None,
    results_dir: Path,
) -> "Explanation":
    from bench.config import catalogue  # noqa: PLC0415 - heavy libraries, which help does not need
    from bench.running.explain import explain as on_function  # noqa: PLC0415
    from bench.running.explain_recorded import explain_recorded  # noqa: PLC0415
    from bench.running.trial_loop import RunFailed  # noqa: PLC0415

    try:
        if model is not None:
            return on_function(optimizer, model, trials or _TRIALS, seed or 0, parameters, overrides, config_dir)
        assert experiment is not None
        if config_dir is not None:
            catalogue.find_own_classes(config_dir)
        return explain_recorded(experiment, optimizer, results_dir, problem, seed, trials, parameters, config_dir)
    except RunFailed as error:
        raise UserError(str(error)) from error


def _write(explanation: "Explanation", reports_dir: Path) -> Path:
    """Write the values, the figures and the page; returns the page's path."""
    from bench.report import explained  # noqa: PLC0415 - as above

    folder = reports_dir / "explain" / explanation.name
    try:
        explanation.write(folder / explained.VALUES)
        return explained.write(folder)
    except OSError as error:
        raise UserError(
            f"{error.filename or folder}: {error.strerror or error}; choose another --reports-dir"
        ) from None
