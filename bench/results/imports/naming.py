"""Which run each imported trial is of: by its file, by options, or by what its study or file is called."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import results
from bench.checks import is_whole
from bench.errors import UserError
from bench.results import RunId
from bench.results.imports.logs import NAMES, Log, Trial
from bench.wording import shortened

_FIELD = re.compile(r"\{([^{}]*)\}|(\*)")
_PARTS = dict.fromkeys(NAMES, r"[A-Za-z0-9](?:[A-Za-z0-9._-]*?)") | {"seed": r"\d{1,10}"}


@dataclass(frozen=True)
class Given:
    """What options say of runs."""

    dataset: str | None = None
    model: str | None = None
    optimizers: tuple[str, ...] = ()
    """One for all studies or files, or one each in their order."""
    seeds: tuple[int, ...] = ()
    """As `optimizers`; empty: counted."""
    pattern: str | None = None

    @property
    def names(self) -> list[str]:
        """Of `NAMES`, what need not stand in a file."""
        said = {"dataset": self.dataset, "model": self.model, "optimizer": self.optimizers, "seed": self.seeds}
        return [name for name in NAMES if said[name] or (self.pattern and f"{{{name}}}" in self.pattern)]


@dataclass(frozen=True)
class Run:
    """The trials of one run, in order."""

    id: RunId
    log: Log
    trials: Sequence[Trial]


@dataclass(frozen=True)
class Named:
    """Every run of the logs, and what was taken for granted."""

    runs: list[Run]
    remarks: list[str]
    counted: bool
    """Whether seeds are but the runs' order."""


def read_seeds(text: str | None) -> tuple[int, ...]:
    """`--seed`'s numbers, with commas between them."""
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"\d{1,10}", part, re.ASCII) and int(part) <= results.SEEDS for part in parts):
        raise UserError(
            f"--seed={shortened(text)!r}: expected whole numbers from 0 to {results.SEEDS}, such as 3 or 0,1,2"
        )
    return tuple(map(int, parts))


def read_optimizers(text: str | None) -> tuple[str, ...]:
    """`--optimizer`'s names, with commas between them."""
    return () if text is None else tuple(results.check_name("--optimizer", part.strip()) for part in text.split(","))


def named(logs: Sequence[Log], experiment: str, given: Given) -> Named:
    """The runs that trials are of, in order; raises `UserError` where the names or numbers of some do not say it."""
    kept, remarks = _kept(logs, given.pattern)
    for option, values in (("--optimizer", given.optimizers), ("--seed", given.seeds)):
        if len(values) > 1 and len(values) != len(kept):
            titles = ", ".join(log.name for log, _ in kept[:6])
            raise UserError(f"{option}: {len(values)} given for {len(kept)} studies or files: {titles}")
    groups: dict[RunId, Run] = {}
    counted: dict[tuple[Any, ...], int] = {}
    for place, (log, matched) in enumerate(kept):
        said = _said(log, matched, given, place)
        for run, trials in _runs(log, experiment, said, counted).items():
            if not is_whole(run.seed, 0, results.SEEDS):
                raise UserError(
                    f"{log.name}: its seed is {shortened(str(run.seed))}; expected a whole number from 0 to "
                    f"{results.SEEDS}; --seed gives it another"
                )
            if run in groups:
                other = groups[run].log
                raise UserError(
                    f"{log.name} and {other.name}: both would be run {run}; tell them apart by --seed 0,1,..., by "
                    "--optimizer a,b,... or by --pattern '{optimizer}_{seed}', as they are called"
                )
            groups[run] = Run(run, log, trials)
    remarks += [
        f"the seed of {optimizer} is not recorded: 0"
        if count == 1
        else f"seeds of {optimizer} are not recorded: 0 to {count - 1}, in the order of studies and files"
        for (*_, optimizer), count in counted.items()
    ]
    return Named([groups[run] for run in sorted(groups)], remarks, bool(counted))


def _kept(logs: Sequence[Log], pattern: str | None) -> tuple[list[tuple[Log, Mapping[str, str]]], list[str]]:
    """The logs that have trials and a name that the pattern is of, with what it says."""
    kept: list[tuple[Log, Mapping[str, str]]] = []
    remarks = []
    expression = _expression(pattern) if pattern else None
    for log in logs:
        match = expression.fullmatch(log.title or Path(log.file).stem) if expression else None
        if expression and not match:
            remarks.append(f"{log.name} is not called {pattern}: left out")
        elif log.objectives > 1:
            raise UserError(
                f"{log.name}: has several objectives, of which none is the loss; import runs of one objective"
                + ("" if pattern else ", which --pattern chooses by the names of studies")
            )
        elif not log.trials:
            remarks.append(f"{log.name} has no trial that has ended: left out")
        else:
            kept.append((log, match.groupdict() if match else {}))
    if not kept:
        reason = remarks[0] if remarks else "no file"
        raise UserError(
            f"nothing to import: {reason}" + (f" (and {len(remarks) - 1} more)" if len(remarks) > 1 else "")
        )
    return kept, remarks


def _expression(pattern: str) -> re.Pattern[str]:
    parts, end, fields = [], 0, list[str]()
    for match in _FIELD.finditer(pattern):
        parts.append(re.escape(pattern[end : match.start()]))
        end = match.end()
        if match[2]:
            parts.append(".*")
            continue
        if match[1] not in NAMES or match[1] in fields:
            raise UserError(
                f"--pattern={shortened(pattern)!r}: {{{match[1][:40]}}} is not one of {_fields()}, each once"
            )
        fields.append(match[1])
        parts.append(f"(?P<{match[1]}>{_PARTS[match[1]]})")
    if not fields:
        raise UserError(
            f"--pattern={shortened(pattern)!r}: expected some of {_fields()}, as in '{{optimizer}}_{{seed}}'"
        )
    return re.compile("".join([*parts, re.escape(pattern[end:])]), re.ASCII | re.DOTALL)


def _fields() -> str:
    return ", ".join(f"{{{name}}}" for name in NAMES)


def _said(log: Log, matched: Mapping[str, str], given: Given, place: int) -> dict[str, Any]:
    """What all trials of a log are called; an option overrules the file, save what its columns say."""
    options: dict[str, Any] = {"dataset": given.dataset, "model": given.model}
    for name, values in (("optimizer", given.optimizers), ("seed", given.seeds)):
        options[name] = None if not values else values[place] if len(values) > 1 else values[0]
    said = dict(log.names)
    for name, text in matched.items():
        if name in log.columns:
            raise UserError(f"--pattern: {log.file} has a column {name!r}, which says it; leave {{{name}}} out")
        said[name] = int(text) if name == "seed" else results.check_name(f"--pattern: {name}", text)
    for name, value in options.items():
        if value is None:
            continue
        if name in log.columns:
            raise UserError(f"--{name}={value}: {log.file} has a column {name!r}, which says it; leave the option out")
        if name in matched:
            raise UserError(f"--{name}={value}: --pattern says it of {log.name}; leave one of the two out")
        said[name] = value if name == "seed" else results.check_name(f"--{name}", value)
    for name in ("dataset", "model", "optimizer"):
        if name in log.columns:
            continue
        if name not in said:
            raise UserError(_missing(log, name))
        results.check_name(f"{log.name}: {name}", said[name])
    return said


def _missing(log: Log, name: str) -> str:
    if log.source == "CSV":
        return f"{log.file}: has no column {name!r}; expected one, or --{name} NAME"
    way = (
        "; of several, one each with commas between them, or --pattern '{optimizer}_{seed}'"
        if name == "optimizer"
        else ""
    )
    return f"{log.name}: {log.source} does not say the {name}; give --{name} NAME{way}"


def _runs(
    log: Log, experiment: str, said: Mapping[str, Any], counted: dict[tuple[Any, ...], int]
) -> dict[RunId, list[Trial]]:
    """The trials of each run of a log; `counted` holds how many runs have had their seed by their order."""
    base = dict(said)
    if "seed" not in base and "seed" not in log.columns:
        of = tuple(base[name] for name in ("dataset", "model", "optimizer") if name in base)
        base["seed"] = counted.get(of, 0)
        counted[of] = base["seed"] + 1
    runs: dict[RunId, list[Trial]] = {}
    for trial in log.trials:
        run = RunId(experiment, *({**base, **trial.names}[name] for name in NAMES))
        runs.setdefault(run, []).append(trial)
    return {run: _ordered(log, run, trials) for run, trials in runs.items()}


def _ordered(log: Log, run: RunId, trials: Sequence[Trial]) -> list[Trial]:
    """A run's trials in order; those that are numbered must be 0, 1, 2, ..."""
    if any(trial.number is None for trial in trials):
        return list(trials)
    numbered: dict[int | None, Trial] = {}
    for trial in trials:
        other = numbered.setdefault(trial.number, trial)
        if other is not trial:
            expected = f"each trial of {run} once, and {other.place} has it"
            raise UserError(f"{log.file}: {trial.place}, column trial: found {trial.number}; expected {expected}")
    ordered = sorted(trials, key=lambda trial: trial.number or 0)
    for number, trial in enumerate(ordered):
        if trial.number != number:
            expected = f"{number}, as the trials of {run} count 0, 1, 2, ... (a failed one is a row without a loss)"
            raise UserError(f"{log.file}: {trial.place}, column trial: found {trial.number}; expected {expected}")
    return ordered
