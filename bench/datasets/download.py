"""Files of a pinned address and a known SHA-256, downloaded once and checked whenever they are read."""

import hashlib
import importlib
import logging
from pathlib import Path

from bench.errors import UserError

TIMEOUT = 30
"""Seconds until a connection stands, and between two pieces of an answer."""

log = logging.getLogger(__name__)


def fetch(address: str, sha256: str, place: Path) -> Path:
    """`place`, which is downloaded from `address` where it is not there yet.

    A file that was put there by hand serves as well. A download is made aside (by pooch) and moved into place once its
    SHA-256 is known to be right: neither a killed process nor one working at the same time leaves half a file. Raises
    `UserError` where the file is another, or cannot be had.
    """
    if place.is_file():
        actual = digest(place)
        if actual != sha256:
            raise UserError(
                f"{place}: its SHA-256 is {actual}; expected {sha256}; remove it, and it is downloaded from {address}"
            )
        return place
    pooch = importlib.import_module("pooch")  # here, as most runs download nothing
    requests = importlib.import_module("requests")
    pooch.get_logger().setLevel(logging.ERROR)
    log.info("downloading %s", address)
    by_hand = f"download {address} and put it into {place.parent}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        get = pooch.HTTPDownloader(timeout=TIMEOUT)
        pooch.retrieve(address, f"sha256:{sha256}", fname=place.name, path=place.parent, downloader=get)
    except requests.exceptions.RequestException as error:
        raise UserError(f"{place.name} cannot be downloaded ({reason(error)}); {by_hand}") from None
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise UserError(
            f"{place.name}: what {address} gives is another file (its SHA-256 is not {sha256}); {by_hand}"
        ) from None
    except OSError as error:
        raise UserError(f"datasets_dir: cannot write {place} ({error.strerror or error})") from None
    return place


def digest(place: Path) -> str:
    """SHA-256 of the file's bytes, in hex."""
    with place.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def reason(error: BaseException) -> str:
    """What the system or the host said of a failed request.

    Never the exception's own text, which has the address in it, and with it a user's API key.
    """
    status = getattr(getattr(error, "response", None), "status_code", None)
    timeout = "no answer in time" if "Timeout" in type(error).__name__ else type(error).__name__
    return f"status {status}" if status is not None else _system(error) or timeout


def _system(error: BaseException) -> str | None:
    """The text of the first error of the operating system among those that `error` was made of."""
    if isinstance(error, OSError) and not type(error).__module__.startswith("requests"):
        return str(error.strerror or error).lower()
    # Not __context__: a client that raises an old error again names there what happened before it.
    inner = (*error.args, getattr(error, "reason", None), error.__cause__)
    texts = (_system(cause) for cause in inner if isinstance(cause, BaseException))
    return next((text for text in texts if text), None)
