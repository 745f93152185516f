"""A sweep's runs sent to MLflow while it is under way, and what is left of them at its end."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bench import results, texts
from bench.errors import UserError
from bench.tracking import export
from bench.tracking.following import Following
from bench.tracking.mlflow_client import Tracker
from bench.wording import command, plural

SECONDS, MOST_SECONDS = 1.0, 60.0
"""How often it looks for what is new, and at most how seldom where MLflow cannot be used."""

Say = Callable[[str], None]


def send_until_told(
    experiments: Sequence[Sequence[str]], uri: str, trials: str, told: Callable[[float], str], say: Say
) -> None:
    """Send what is new of experiments (pairs of a results_dir and a name) from time to time.

    `told` waits for so many seconds and returns "", "end" or "stop". At the end what is left is sent, and the report;
    after "stop" nothing more. What goes wrong is one line to `say`, once until MLflow can be used again.
    """
    every = [Following(Path(place), name, trials, lambda name: Tracker(uri, name)) for place, name in experiments]
    pause, works, answer = SECONDS, True, ""
    while not answer:
        answer = told(pause)
        if answer == "stop":  # there is no time for more than to say so
            break
        troubles = [trouble for each in every if (trouble := _trouble(each.step))]
        if troubles and works:
            say(f"{troubles[0]}; runs go on, and what waits is sent when it can be")
        works = not troubles
        pause = SECONDS if works else min(2 * pause, MOST_SECONDS)
    for each in every:
        if answer == "end":
            trouble = _trouble(lambda each=each: say(_rest(each, uri)))  # type: ignore[misc]
            if trouble:
                say(f"{trouble}; {way_on(each.experiment, uri)}")
        _trouble(lambda each=each: each.leave("FAILED" if answer == "end" else "KILLED"))  # type: ignore[misc]


def way_on(experiment: str, uri: str) -> str:
    """What sends the rest of an experiment."""
    given = texts.without_passwords(uri)
    return f"{command('bench', 'export', 'mlflow', experiment, '--tracking-uri', given)} sends what is left"


def _rest(each: Following, uri: str) -> str:
    """Send what is left of an experiment; what is there now, in a line."""
    if not each.alone:
        return f"{each.experiment}: another sweep sends its runs, and these with them"
    if not results.find(each.results_dir, each.experiment):
        return f"{each.experiment}: no run is finished"
    lines = list[str]()
    sent = export.send(each.tracker, each.experiment, each.results_dir, each.trials, lines.append)
    where = texts.without_passwords(uri)
    return "; ".join([f"{each.experiment}: {plural(sent.runs + sent.known, 'run')} in MLflow at {where}", *lines])


def _trouble(attempt: Callable[[], None]) -> str:
    """Why an attempt to send failed, in a line; empty where it did not."""
    try:
        attempt()
    except UserError as error:
        reason = getattr(error, "reason", None)
        return str(error) if reason is None else f"MLflow cannot be used ({reason})"
    except Exception as error:  # noqa: BLE001 - whatever a server answers, no sweep ends for it
        return f"MLflow cannot be used ({texts.line(texts.of_error(error), texts.SHOWN)})"
    return ""
