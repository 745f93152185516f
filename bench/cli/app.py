"""The command and its verbs."""

import errno
import os
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bench import __version__, texts
from bench.cli import control, ending, explain, export_verbs, scarce, store_verbs, stream
from bench.cli.options import DEFAULT_URI, ConfigDir, DatasetsDir, ResultsDir, StoreUrl, TrackingUri
from bench.cli.stopping import GOES_ON, complain, stoppable
from bench.errors import DataOptionError, UserError
from bench.wording import command, shortened

app = typer.Typer(
    name="bench",
    help="Compare hyperparameter optimisers: same problems, same budgets, same seeds, and what the numbers support.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

_RUN_HELP = """Do one run, a sweep of runs, or a named experiment.

OVERRIDES choose configs (dataset=digits, optimizer=skopt_gp) and set keys (budget.trials=50, seed=3, name=mine), in
Hydra's grammar. What was finished before is not done again; what was interrupted goes on where it stopped.

\b
one run:             bench run dataset=digits optimizer=grid seed=3 name=mine
a sweep:             bench run -m optimizer=random,grid 'seed=range(0,10)'
a named experiment:  bench run experiment=otto
what it would cost:  bench run experiment=otto dry_run=true

'bench list' names every config; 'bench run --cfg job' prints the composed one.
"""


@app.command(help=_RUN_HELP)
def run(
    overrides: Annotated[list[str] | None, typer.Argument(metavar="OVERRIDES", help="As above.")] = None,
    multirun: Annotated[bool, typer.Option("--multirun", "-m", help="Sweep over lists, choices and ranges.")] = False,
    config_dir: ConfigDir = None,
    cfg: Annotated[str | None, typer.Option(help="Print the config instead: job, hydra or all.")] = None,
) -> None:
    """Do one run, a sweep of runs, or a named experiment."""
    with stoppable(GOES_ON):
        scarce.refuse_too_little()  # before the imports, which end the process or hang where it is so
        from bench.running import compose  # noqa: PLC0415 - each verb imports what it needs: help is instant

        compose.run(overrides or [], multirun, cfg, config_dir)


@app.command()
def report(
    experiments: Annotated[list[str], typer.Argument(help="Experiments; several are drawn together.")],
    optimizers: Annotated[str | None, typer.Option(help="Only these, with commas between them")] = None,
    problems: Annotated[str | None, typer.Option(help="Only these, as DATASET/MODEL,...: digits/lightgbm")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; say whether the report there is the same, byte for byte.")
    ] = False,
    paper: Annotated[
        str | None,
        typer.Option(help="Figures and LaTeX for a venue's paper: neurips2024, icml2024, icml2024_full, ieee, ..."),
    ] = None,
    names: Annotated[
        Path | None, typer.Option(help="A YAML file of display names for figures and tables: optuna_tpe: TPE")
    ] = None,
    figures: Annotated[
        str | None, typer.Option(help="Of each problem: all, or main (two, as SVG), usual for more than six problems.")
    ] = None,
    new_references: Annotated[
        bool, typer.Option("--new-references", help="Measure scores by what is loaded now, not by what is stored.")
    ] = False,
    results_dir: ResultsDir = Path("results"),
    reports_dir: Annotated[Path, typer.Option(help="Where reports go.")] = Path("reports"),
) -> None:
    """Draw figures and tables of experiments, or check earlier ones.

    They are drawn from stored results alone; --check compares what it would draw with what is there. The exit status is
    1 where a problem cannot be drawn.
    """
    from bench.report import build  # noqa: PLC0415
    from bench.report import check as checking  # noqa: PLC0415
    from bench.report.runs import selection  # noqa: PLC0415

    wanted = selection.selection(experiments, optimizers, problems, paper, names, figures)
    if check:
        checked = checking.check(results_dir, reports_dir, wanted)
        typer.echo(texts.clean(str(checked)), nl=False)
        raise typer.Exit(0 if checked.holds else 1)
    folder, whole = build.write(results_dir, reports_dir, wanted, new_references)
    typer.echo(texts.line(folder / "report.html"))
    if len(experiments) == 1:
        _lead_on(experiments[0], results_dir)
    if not whole:
        raise typer.Exit(1)


@app.command()
def status(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    results_dir: ResultsDir = Path("results"),
    store: StoreUrl = None,
    watch: Annotated[bool, typer.Option(help="Go on showing until every run has ended.")] = False,
) -> None:
    """Show where an experiment's runs stand, and why any failed."""
    from bench.cli import status as inspection  # noqa: PLC0415

    inspection.status(experiment, results_dir, store, watch)


@app.command()
def best(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    dataset: Annotated[str | None, typer.Option(help="Only this dataset.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="All that its losses depend on: settings, rounds, seeds, split, versions.")
    ] = False,
    python: Annotated[
        bool, typer.Option("--python", help="A script that trains it by its library's own calls to the same loss.")
    ] = False,
    data: Annotated[Path | None, typer.Option(help="With --python, the file of a dataset of your own.")] = None,
    config_dir: ConfigDir = None,
    results_dir: ResultsDir = Path("results"),
    datasets_dir: DatasetsDir = Path("datasets"),
) -> None:
    """Print the best configuration of each problem: YAML or a script.

    The best is the one with the lowest validation loss of all trials. Of several losses all trials of the front are
    printed, those to which no other is at least equal in every loss; the script is of the one with the lowest first.
    """
    from bench.results import best as best_of  # noqa: PLC0415

    if python:
        from bench.config import catalogue  # noqa: PLC0415
        from bench.running.script import script  # noqa: PLC0415

        if full:
            raise UserError("--python: stands beside --full; choose one of the two")
        if config_dir is not None:
            catalogue.find_own_classes(config_dir)
        typer.echo(script(experiment, dataset, model, results_dir, datasets_dir, data, config_dir), nl=False)
        return
    for option, given in (("--data", data), ("--config-dir", config_dir)):
        if given is not None:
            raise UserError(f"{option}={given}: is of use with --python alone; leave it out")
    typer.echo(best_of.best(experiment, dataset, model, results_dir, full), nl=False)
    _lead_on(experiment, results_dir)


@app.command()
def fit(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    out: Annotated[Path, typer.Option(help="The folder to write: model, predict.py, card.")],
    problem: Annotated[str | None, typer.Option(help="DATASET/MODEL, where the experiment has several.")] = None,
    rows: Annotated[
        str, typer.Option(help="What to train on: train (as the trial was), train+valid, or all.")
    ] = "train",
    data: Annotated[Path | None, typer.Option(help="The file of a dataset of your own.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model that is in the folder.")] = False,
    config_dir: ConfigDir = None,
    results_dir: ResultsDir = Path("results"),
    datasets_dir: DatasetsDir = Path("datasets"),
    store: StoreUrl = None,
    register: Annotated[
        str | None, typer.Option(help="Make it a version of this registered model in MLflow, too.")
    ] = None,
    alias: Annotated[str | None, typer.Option(help="With --register: an alias for it, such as champion.")] = None,
    tracking_uri: TrackingUri = DEFAULT_URI,
) -> None:
    """Train the winner of a comparison and save it, to take home.

    The winner is the best configuration of the optimiser that the report puts first. The folder needs no bench to
    predict, holds no pickle, and what is read back is checked against the recorded losses.
    """
    from bench.config import catalogue  # noqa: PLC0415
    from bench.running import fit as fitting  # noqa: PLC0415

    if alias is not None and register is None:
        raise UserError(f"--alias={alias}: is of a registered model; name it with --register")
    registered = None
    if register is not None:
        from bench.cli.registering import Registering  # noqa: PLC0415

        registered = Registering(experiment, register, alias, tracking_uri)
    if config_dir is not None:
        catalogue.find_own_classes(config_dir)
    with stoppable(f"stopped; nothing was written to {out}"):
        model = fitting.fit(
            experiment,
            problem=problem,
            rows=rows,
            out=out,
            results_dir=results_dir,
            datasets_dir=datasets_dir,
            data=data,
            config_dir=config_dir,
            overwrite=overwrite,
            store=store,
            say=lambda line: typer.echo(texts.line(line), err=True),
            **({} if registered is None else {"look": registered.look}),
        )
    for line in [*model.summary(), *([] if registered is None else [registered.register(model)])]:
        typer.echo(texts.line(line))


@app.command()
def verify(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    trials: Annotated[int, typer.Option(min=1, help="How many of its trials to evaluate anew.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The seed that they are drawn with.")] = 0,
    data: Annotated[Path | None, typer.Option(help="The file of a dataset of your own.")] = None,
    config_dir: ConfigDir = None,
    results_dir: ResultsDir = Path("results"),
    datasets_dir: DatasetsDir = Path("datasets"),
) -> None:
    """Evaluate stored trials again and compare them bit for bit.

    The exit status is 1 where one of them comes out differently. Only models and data are used that a config names: of
    the suite, of a plug-in, or in --config-dir.
    """
    from bench.config import catalogue  # noqa: PLC0415
    from bench.running import verify as verifying  # noqa: PLC0415

    if config_dir is not None:  # else nothing of one's own is used, and nothing is imported from where one is
        catalogue.find_own_classes(config_dir)
    verified = []
    for each in verifying.verify(experiment, results_dir, datasets_dir, trials, seed, data, config_dir):
        typer.echo(texts.line(each))
        verified.append(each)
    typer.echo(texts.line(verifying.summary(verified)))
    if not all(each.same for each in verified):
        raise typer.Exit(1)


@app.command(name="import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="Logs: files, or folders of Ray Tune and CARP-S.")],
    name: Annotated[str, typer.Option(help="The experiment that their runs will be of.")],
    dataset: Annotated[str | None, typer.Option(help="The dataset, where the log does not say it.")] = None,
    model: Annotated[str | None, typer.Option(help="The model, where the log does not say it.")] = None,
    metric: Annotated[str | None, typer.Option(help="What the losses are, such as log_loss; lower is better.")] = None,
    optimizer: Annotated[
        str | None, typer.Option(help="The optimiser, or one for each study or file: tpe,random")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help="The seed, or one for each study or file: 0,1,2; counted if left out.")
    ] = None,
    pattern: Annotated[
        str | None, typer.Option(help="How studies or files are called, as '{optimizer}_{seed}'; others are left out.")
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option("--map", help="A column of theirs as one of ours: val_loss=loss, lr=params_lr; repeatable."),
    ] = None,
    maximize: Annotated[
        bool, typer.Option("--maximize", help="Larger values were better; losses are minus them.")
    ] = False,
    same_problem_as: Annotated[
        str | None, typer.Option(help="An experiment of yours; you vouch that these runs are on its problem.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace runs that are there already.")] = False,
    results_dir: ResultsDir = Path("results"),
) -> None:
    """Import logs of Optuna, Hyperopt, Ray Tune, NNI, CARP-S or CSV.

    They are reported as your own runs are. Recognised by their content: storages of Optuna (SQLite, journal), its
    trials_dataframe as CSV, Hyperopt's trials as JSON, Ray Tune's folders, NNI's database and exports, CARP-S's logs,
    and CSV with the columns optimizer, seed, trial, loss; test_loss, seconds, status, dataset, model and params_NAME
    are read too.
    """
    from bench.results import imports  # noqa: PLC0415
    from bench.results.imports import naming  # noqa: PLC0415

    given = naming.Given(dataset, model, naming.read_optimizers(optimizer), naming.read_seeds(seed), pattern)
    options = imports.Options(given, imports.read_columns(columns or []), metric, maximize, same_problem_as, overwrite)
    imported = imports.import_logs(files, name, results_dir, options)
    typer.echo(texts.clean(str(imported)), nl=False)


@app.command()
def pack(
    experiment: Annotated[str, typer.Argument(help="The experiment's name.")],
    undo: Annotated[bool, typer.Option("--undo", help="Give each run a file of its own again.")] = False,
    results_dir: ResultsDir = Path("results"),
) -> None:
    """Pack the tables of finished runs, one file an optimiser.

    What is read, drawn and verified is the same before and after, to the byte, in less than a third of the space. Runs
    that come later have files of their own, which count before what is packed, until they are packed too.
    results.pack=true of 'bench run' packs after a sweep.
    """
    from bench.cli import pack as packing  # noqa: PLC0415

    with stoppable("stopped; every run is there, packed or not, and the same command goes on from here"):
        for line in packing.lines(experiment, results_dir, undo):
            typer.echo(texts.line(line))


app.command()(control.control)
app.command(help=explain.HELP)(explain.explain)


@app.command()
def data(
    file: Annotated[
        Path, typer.Argument(help="A table: .csv, .tsv, .parquet, .feather, .xlsx, .jsonl, packed or not.")
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(metavar="[OVERRIDES]", help="As of 'bench run': dataset.missing=NA, say.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    config_dir: ConfigDir = None,
) -> None:
    """Show what a file is read as: columns, target, parts, metric.

    Nothing is run and nothing written; the last line is the command to run next. OVERRIDES are those of 'bench run'.
    """
    from bench.cli import data as looking  # noqa: PLC0415

    for line in looking.lines(file, target, overrides or [], config_dir):
        typer.echo(texts.line(line))


@app.command()
def check(
    name: Annotated[str, typer.Argument(help="The optimiser, as its config is called.")],
    config_dir: ConfigDir = None,
    examples: Annotated[int, typer.Option(min=1, help="Generated spaces to try each rule on.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The seed that the spaces are generated from.")] = 0,
    trials: Annotated[int, typer.Option(min=2, help="Trials on each space.")] = 25,
    limit: Annotated[float, typer.Option(min=0, help="Seconds after which a rule is tried on no further space.")] = 5,
) -> None:
    """Test whether an optimiser meets the suite's contract.

    The optimiser is one of the suite or your own; a comparison needs all that is tested.
    """
    from bench import conformance  # noqa: PLC0415
    from bench.config import catalogue  # noqa: PLC0415

    _warn(config_dir)
    subject = conformance.subject(name, config_dir)
    catalogue.find_own_classes(config_dir)
    tried = f"{examples} generated spaces and 3 fixed ones, {trials} trials on each"
    typer.echo(texts.line(f"{name} ({subject.path}): {tried}"))
    outcomes = Counter[str]()
    for outcome in conformance.check(subject, examples, seed, trials=trials, limit=limit):
        typer.echo(texts.clean(str(outcome)))
        outcomes[outcome.status] += 1
    typer.echo(f"{name}: {outcomes['ok']} ok, {outcomes['skipped']} skipped, {outcomes['FAIL']} failed")
    if outcomes["FAIL"]:
        raise typer.Exit(1)


@app.command()
def new(
    kind: Annotated[str, typer.Argument(help="optimizer, model or dataset.")],
    name: Annotated[str, typer.Argument(help="Its name, an identifier such as my_tpe.")],
    folder: Annotated[Path, typer.Option(help="Where to write it: what --config-dir then names.")] = Path("mine"),
) -> None:
    """Write a small optimiser, model or dataset for you to change.

    It works as it is, and comes with its config and a test.
    """
    from bench.cli import new  # noqa: PLC0415

    typer.echo(texts.clean(new.write(kind, name, folder)), nl=False)


@app.command()
def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Do not try whether OpenML is reachable.")] = False,
) -> None:
    """Print versions, cores, threads and extras for a bug report.

    Also says whether OpenML is reachable.
    """
    from bench.cli import doctor as doctors  # noqa: PLC0415

    for line in doctors.lines(offline):
        typer.echo(texts.line(line))


app.add_typer(store_verbs.verbs, name="store")
app.add_typer(export_verbs.verbs, name="export")
app.add_typer(stream.verbs, name="stream")


@app.command(name="list")
def list_(
    group: Annotated[str | None, typer.Argument(help="One group only, such as datasets or optimizers.")] = None,
    config_dir: ConfigDir = None,
) -> None:
    """List datasets, models, optimisers, experiments and more.

    Each has one line.

    'bench list optimizers' also shows each one's library, what it can express and what it approximates.
    """
    from bench.config import catalogue  # noqa: PLC0415

    _warn(config_dir, all_files=True)
    if group in ("optimizer", "optimizers"):
        from bench.cli import optimizers as capabilities  # noqa: PLC0415 - builds each optimiser, so that its library is imported

        catalogue.find_own_classes(config_dir)
        typer.echo(texts.clean(capabilities.listing(config_dir)), nl=False)
    else:
        typer.echo(texts.clean(catalogue.listing(group, config_dir)), nl=False)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    del version


def main() -> NoReturn:
    """Run the command; exit status 0 all done, 1 some run failed, 2 unusable arguments, 129, 130 or 143 interrupted."""
    try:
        with ending.exits_raised():
            status = app(standalone_mode=False)
    except DataOptionError as error:
        again = [] if error.file is None else [command("bench", *sys.argv[1:], "--data", str(error.file))]
        complain(": ".join([str(error), *again]))
        status = 2
    except UserError as error:
        complain(str(error))
        status = 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has gone; nobody is left to tell
        status = 1
    except typer.TyperException as error:
        complain(_unusable(error))
        status = 2
    except typer.Abort:
        status = 1
    except Exception as error:
        if ending.of_interrupt(error):
            complain("stopped")
            sys.exit(130)
        message = _no_path(error) or scarce.lacking(error)
        if message is None:
            raise
        complain(message)
        status = 2
    sys.exit(status or 0)


def _no_path(error: Exception) -> str | None:
    """What is wrong with a path that the system takes for none, where an error says so."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENAMETOOLONG, errno.ELOOP):
        return None
    return f"{shortened(str(error.filename))}: no usable path ({error.strerror}); choose another"


def _unusable(error: typer.TyperException) -> str:
    """What is wrong with a command line, and which help shows what is right."""
    message = re.sub(r"\. (Did you mean [^?]*\?)$", r" (\1)", " ".join(error.format_message().split()).rstrip("."))
    message = message.replace(" (Did ", " (did ")
    context, names = getattr(error, "ctx", None), list[str]()
    while context is not None and context.parent is not None:  # the first has the name that the program was started by
        names.insert(0, str(context.info_name))
        context = context.parent
    shown = "commands" if names in ([], ["store"], ["export"], ["stream"]) else "options"
    return f"{message[:1].lower()}{message[1:]}; '{' '.join(['bench', *names])} --help' shows the {shown}"


def _lead_on(experiment: str, results_dir: Path) -> None:
    """Say on stderr what comes after a report or a best configuration: the output stays what it is."""
    from bench.running import next_steps  # noqa: PLC0415

    for line in next_steps.after_report(experiment, results_dir):
        typer.echo(texts.line(line), err=True)


def _warn(config_dir: Path | None, all_files: bool = False) -> None:
    """Say which plug-ins and configs are left out, and with `all_files` which cannot be read."""
    from bench.config import catalogue  # noqa: PLC0415

    for line in catalogue.warnings(config_dir, all_files):
        complain(f"warning: {line}")
