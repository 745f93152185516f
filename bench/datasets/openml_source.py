"""Any dataset of OpenML by its number, through the openml client: checked, cached, and usable without a network."""

import hashlib
import importlib
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from pickle import UnpicklingError
from types import SimpleNamespace
from typing import Any, TypeVar
from xml.parsers.expat import ExpatError

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from bench.checks import is_whole
from bench.datasets.download import reason
from bench.datasets.loading import Table, cut
from bench.errors import UserError

TIMEOUT = (5, 30)
"""Seconds until a connection stands, and between two pieces of an answer. The client itself would wait for ever."""
TRIES = 2
INSTEAD = "try again later, or get the data as a file and use dataset=file"

Result = TypeVar("Result")

log = logging.getLogger(__name__)


def load(*, datasets_dir: Path, id: int | None, target: str | None = None, drop: Sequence[str] = ()) -> Table:  # noqa: A002
    """The dataset with this number; `target` is another column than OpenML's default, `drop` columns to leave out."""
    if id is None:
        raise UserError("dataset.id: missing; give an OpenML number, as in: bench run dataset=openml dataset.id=31")
    if not is_whole(id, 1):
        raise UserError(f"dataset.id: found {id!r}; expected the number of an OpenML dataset, such as 31")
    table, default, ignored = fetch(id, datasets_dir, INSTEAD, frame)
    if target is None and (default is None or "," in default):
        problem = f"has several targets ({default})" if default else "names no target"
        raise UserError(f"dataset.target: missing, and OpenML {problem} for dataset {id}; give one")
    target = default if target is None else target
    return cut(table, target, drop, f"OpenML dataset {id}", others=ignored)


def fetch(number: int, datasets_dir: Path, instead: str, read: Callable[[Any], Result]) -> Result:
    """What `read` makes of the client's dataset, such as `frame` does; from the cache where it is filled.

    The cache is the client's own, under datasets_dir/openml: one that another program filled serves as well. A download
    is made aside and moved into place whole, so that neither a killed process nor one working at the same time can
    leave half a dataset behind. ARFF is preferred to parquet, which the client does not check against a hash.
    `instead` ends the message of a `UserError` where OpenML cannot be reached.
    """
    # Imported here: it takes seconds, and makes folders in the user's home.
    openml = importlib.import_module("openml")
    root = Path(datasets_dir) / "openml"
    with _client(openml, root), _one_line(number, root, instead):
        place = _place(openml, number)
        if _filled(place):
            return _read(openml, number, read, parquet=not (place / "dataset.arff").exists())
        log.info("downloading OpenML dataset %d", number)
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=root) as aside:
            openml.config.set_root_cache_directory(aside)
            result = _read(openml, number, read, parquet=False)
            _move(_place(openml, number), place)
        return result


def frame(dataset: Any) -> tuple[pd.DataFrame, str | None, list[str]]:
    """All columns, the default target, and the columns that OpenML says to ignore."""
    table, *_ = dataset.get_data(include_row_id=True, include_ignore_attribute=True)
    if any(isinstance(kind, pd.SparseDtype) for kind in table.dtypes):
        table = table.sparse.to_dense()
    ignored = [*_listed(dataset.row_id_attribute), *_listed(dataset.ignore_attribute)]
    return table, dataset.default_target_attribute, ignored


def _place(openml: Any, number: int) -> Path:
    """The folder of one dataset in the client's present cache."""
    return Path(openml.config.get_cache_directory(), openml.datasets.functions.DATASETS_CACHE_DIR_NAME, str(number))


def _filled(place: Path) -> bool:
    return (place / "description.xml").exists() and (
        (place / "dataset.arff").exists() or any(place.glob("dataset*.pq"))
    )


def _move(source: Path, place: Path) -> None:
    """Put a whole download where it belongs, unless another process was faster."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() and not _filled(place):
        shutil.rmtree(place)
    try:
        source.rename(place)
    except OSError:
        if not _filled(place):
            raise


def _read(openml: Any, number: int, read: Callable[[Any], Result], *, parquet: bool) -> Result:
    """What `read` makes of the dataset, after its file is known to be whole."""
    variable = "OPENML_SKIP_PARQUET"
    with _environment(variable, os.environ.get(variable, "false" if parquet else "true")):
        dataset = openml.datasets.get_dataset(number, download_data=True)
        _check(dataset)
        return read(dataset)


def _check(dataset: Any) -> None:
    """Raise `_Damaged` where the data file in the cache is not the one that OpenML describes."""
    if dataset.parquet_file is not None:
        try:
            pq.read_metadata(dataset.parquet_file)
        except (pa.ArrowException, OSError) as error:
            raise _Damaged from error
    elif dataset.md5_checksum:
        actual = hashlib.md5(Path(dataset.data_file).read_bytes(), usedforsecurity=False).hexdigest()
        if actual != dataset.md5_checksum:
            raise _Damaged


class _Damaged(Exception):
    """A file in the cache is not whole."""


def _listed(names: str | Sequence[str] | None) -> list[str]:
    if names is None:
        return []
    return [name for entry in ([names] if isinstance(names, str) else names) for name in entry.split(",")]


@contextmanager
def _client(openml: Any, root: Path) -> Iterator[None]:
    """The client with its cache under `root` and bounded waiting, the user's server and key; afterwards as it was."""
    calls = importlib.import_module("openml._api_calls")
    before = openml.config.get_config_as_dict()
    quiet = logging.getLogger(f"{__name__}.client")
    quiet.setLevel(logging.ERROR)
    bounded = SimpleNamespace(**{**vars(calls.requests), "Session": partial(_session, calls.requests)})
    with ExitStack() as stack:
        stack.callback(openml.config.set_root_cache_directory, before["cachedir"])
        stack.callback(openml.config.set_retry_policy, before["retry_policy"], before["connection_n_retries"])
        openml.config.set_root_cache_directory(root)
        openml.config.set_retry_policy("human", n_retries=TRIES)
        # The client passes no timeout, and logs through the root logger, which sets up logging for the whole program.
        for name, value in (("requests", bounded), ("logging", quiet)):
            stack.callback(setattr, calls, name, getattr(calls, name))
            setattr(calls, name, value)
        yield


def _session(requests: Any) -> Any:
    session = requests.Session()
    session.request = partial(session.request, timeout=TIMEOUT)
    return session


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _one_line(number: int, root: Path, instead: str) -> Iterator[None]:
    """Whatever the client raises, as one line that says what to do."""
    errors = importlib.import_module("openml.exceptions")
    requests = importlib.import_module("requests")
    arff = importlib.import_module("arff")
    try:
        yield
    except requests.exceptions.RequestException as error:
        raise UserError(f"OpenML cannot be reached ({reason(error)}); {instead}") from None
    except errors.OpenMLServerNoResult:
        raise UserError(f"dataset.id: OpenML has no dataset {number}; look its number up at openml.org") from None
    except (errors.OpenMLNotAuthorizedError, errors.OpenMLPrivateDatasetError):
        raise UserError(f"dataset.id: OpenML shows dataset {number} to its owner only; {instead}") from None
    except errors.OpenMLHashException:
        raise UserError(
            f"OpenML dataset {number}: the download is damaged (its MD5 is not OpenML's); {instead}"
        ) from None
    except errors.OpenMLServerException as error:
        raise UserError(f"OpenML refused dataset {number} ({_first(error.message)}); {instead}") from None
    except (errors.OpenMLServerError, ExpatError) as error:
        status = re.search(r"Status code: (\d+)", str(error))
        code = f", status {status[1]}" if status else ""
        raise UserError(f"OpenML cannot be reached (the answer is not OpenML's{code}); {instead}") from None
    except (_Damaged, UnpicklingError, EOFError):
        raise UserError(
            f"OpenML dataset {number}: its files under {root} are damaged; delete them and try again"
        ) from None
    except (errors.PyOpenMLError, arff.ArffException, LookupError, ValueError) as error:
        raise UserError(
            f"OpenML dataset {number} cannot be read ({type(error).__name__}: {_first(error)}); {instead}"
        ) from None
    except OSError as error:
        raise UserError(f"datasets_dir: cannot keep OpenML's files under {root} ({error.strerror or error})") from None


def _first(error: object) -> str:
    """The first line of a message."""
    return str(error).strip().partition("\n")[0]
