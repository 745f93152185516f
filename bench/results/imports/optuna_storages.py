"""Optuna's storages: SQLite in every schema that Optuna upgrades, and journals; only read, and nothing is unpickled."""

import contextlib
import io
import logging
import sqlite3
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from bench import texts
from bench.errors import UserError
from bench.results.imports import logs, spaces, sqlite
from bench.results.imports.logs import Asked, Log, Trial

TABLES = {"studies", "trials", "trial_params"}
"""What tells a database of Optuna's from others."""
_METRIC_NAMES = "study:metric_names"


def read_sqlite(path: Path, asked: Asked) -> list[Log]:
    """Every study of a SQLite storage."""
    sha256 = sqlite.digest(path)
    with warnings.catch_warnings(), sqlite.readable(path) as uri:
        warnings.simplefilter("ignore")  # on distributions of earlier versions
        try:
            with _storage(uri) as storage:
                return _logs(path, storage, sha256, "Optuna's SQLite storage", asked, ())
        except UserError:
            raise
        except Exception as error:  # noqa: BLE001 - an old schema is whatever Optuna cannot read as it is
            if "locked" in str(error):
                raise sqlite.unreadable(path, sqlite3.OperationalError("locked")) from None
        remark = "its schema is of an earlier Optuna: a copy was upgraded and read"
        with _upgraded(path, uri) as storage, _named(path, "storage"):
            return _logs(path, storage, sha256, "Optuna's SQLite storage", asked, (remark,))


def read_journal(path: Path, asked: Asked) -> list[Log]:
    """Every study of a journal of `JournalFileBackend`, without locking it; a line that is being written is left."""
    from optuna.storages import JournalStorage  # noqa: PLC0415 - only who imports from Optuna waits for it
    from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415

    sha256 = logs.hashed(logs.content(path))
    with warnings.catch_warnings(), _named(path, "journal"):
        warnings.simplefilter("ignore")
        return _logs(path, JournalStorage(JournalFileBackend(str(path))), sha256, "Optuna's journal", asked, ())


@contextmanager
def _storage(uri: str, url: str = "sqlite://", **options: Any) -> Iterator[Any]:
    """A storage over a connection of our own: a path in a URL would be decoded on its way, and may lead elsewhere."""
    from optuna.storages import RDBStorage  # noqa: PLC0415

    connected = {"creator": partial(sqlite3.connect, uri, uri=True, timeout=10)}
    storage = RDBStorage(url, engine_kwargs=connected, skip_table_creation=True, **options)  # else tables are written
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


@contextmanager
def _upgraded(path: Path, uri: str) -> Iterator[Any]:
    """A copy of the storage in the schema of this Optuna, as `optuna storage upgrade` makes it."""
    with TemporaryDirectory(prefix="bench-import-") as folder:
        copy = Path(folder) / "copy.db"
        with sqlite.rows(path, uri) as original, closing(sqlite3.connect(copy)) as target:
            original.backup(target)
        ours = f"file:{quote(str(copy))}"
        with _named(path, "storage"), _storage(ours, f"sqlite:///{copy}", skip_compatibility_check=True) as storage:
            current, known = storage.get_current_version(), storage.get_all_versions()
            if current not in known:
                version = texts.line(current)[:20]
                raise UserError(
                    f"{path}: its schema, {version!r}, is not known to the Optuna that is here; install the one that "
                    "wrote it, or export its studies by trials_dataframe().to_csv(...)"
                )
            with _logging_kept():
                storage.upgrade()
        with _storage(ours) as storage:
            yield storage


@contextmanager
def _logging_kept() -> Iterator[None]:
    """Alembic, which upgrades, sets up the logging of the whole process: silenced, and put back."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    loggers = [each for each in logging.Logger.manager.loggerDict.values() if isinstance(each, logging.Logger)]
    disabled = [(each, each.disabled) for each in loggers]
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for each, was in disabled:
            each.disabled = was


@contextmanager
def _named(path: Path, what: str) -> Iterator[None]:
    """What Optuna raises may hold what stands in the file: only its kind is shown."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a damaged file leads to
        raise UserError(f"{path}: cannot be read as Optuna's {what} ({type(error).__name__})") from None


def _logs(path: Path, storage: Any, sha256: str, source: str, asked: Asked, remarks: tuple[str, ...]) -> list[Log]:
    """The studies in order of their names."""
    from optuna.study import StudyDirection  # noqa: PLC0415

    studies = []
    for study in sorted(storage.get_all_studies(), key=lambda study: spaces.natural(study.study_name)):
        number = storage.get_study_id_from_name(study.study_name)
        directions = list(storage.get_study_directions(number))
        names = storage.get_study_system_attrs(number).get(_METRIC_NAMES)
        frozen = storage.get_all_trials(number, deepcopy=False)
        ended = [trial for trial in frozen if trial.state.is_finished()]
        single = len(directions) == 1
        studies.append(Log(
            file=path.name,
            sha256=sha256,
            source=source,
            trials=[_trial(trial, asked, single) for trial in ended],
            title=str(study.study_name),
            space=_space(ended),
            maximized={StudyDirection.MAXIMIZE: True, StudyDirection.MINIMIZE: False}.get(directions[0]),
            objectives=len(directions),
            metric=str(names[0]) if single and isinstance(names, list) and names else None,
            zoneless=True,
            takes=frozenset({"test_loss"}),
            remarks=(*remarks, *logs.left_out(len(frozen) - len(ended), "not finished")),
        ))  # fmt: skip
    return studies


def _trial(trial: Any, asked: Asked, single: bool) -> Trial:
    from optuna.trial import TrialState  # noqa: PLC0415

    value, why = None, f"state is {trial.state.name}"
    if trial.state == TrialState.COMPLETE and single:
        value, why = logs.observed(trial.values[0] if trial.values else None)
    elif trial.state == TrialState.PRUNED:
        steps = f" after step {max(trial.intermediate_values)}" if trial.intermediate_values else ""
        why = f"pruned{steps}"
    start, end = logs.moment(trial.datetime_start), logs.moment(trial.datetime_complete)
    test = asked.theirs("test_loss")
    return Trial(
        place=f"trial {trial.number}",
        value=value,
        why=why,
        test=None if test is None else logs.finite(trial.user_attrs.get(test.removeprefix("user_attrs_"))),
        seconds=logs.seconds_between(start, end),
        started_at=start,
        configuration={texts.line(name): logs.plain(value) for name, value in trial.params.items()},
        steps={int(step): float(each) for step, each in trial.intermediate_values.items()},
    )


def _space(trials: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """The distributions of a study's trials as a space: ranges that change along the way are recorded whole."""
    entries: dict[str, list[dict[str, Any]]] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            entry, of_name = _entry(distribution), entries.setdefault(texts.line(name), [])
            if entry not in of_name:
                of_name.append(entry)
    widest = {name: spaces.widest(several) for name, several in entries.items()}
    return {name: entry for name, entry in widest.items() if entry is not None}


def _entry(distribution: Any) -> dict[str, Any]:
    from optuna import distributions as kinds  # noqa: PLC0415

    if isinstance(distribution, kinds.CategoricalDistribution):
        return {"type": "categorical", "choices": [logs.plain(choice) for choice in distribution.choices]}
    whole = isinstance(distribution, kinds.IntDistribution)
    entry = {"type": "int" if whole else "float", "low": distribution.low, "high": distribution.high}
    if distribution.log:
        entry["log"] = True
    if distribution.step is not None and not (whole and distribution.step == 1):
        entry["step"] = distribution.step
    return entry
