"""`bench explain`: make the run, then draw what was recorded of it."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import UserError


def write(
    optimizer: str,
    model: str,
    trials: int,
    seed: int,
    parameters: Sequence[str],
    overrides: Sequence[str],
    config_dir: Path | None,
    reports_dir: Path,
) -> Path:
    """Write the values, the figures and the page of a run's proposals; returns the page's path.

    Raises `UserError` where the run cannot be explained or the files cannot be written.
    """
    from bench.report import explained  # noqa: PLC0415 - heavy libraries, which help does not need
    from bench.running import explain  # noqa: PLC0415
    from bench.running.trial_loop import RunFailed  # noqa: PLC0415

    try:
        explanation = explain.explain(optimizer, model, trials, seed, parameters, overrides, config_dir)
    except RunFailed as error:
        raise UserError(str(error)) from error
    about = explanation.metadata
    folder = reports_dir / "explain" / f"{about['model']}-{about['optimizer']}-{seed}"
    try:
        explanation.write(folder / explained.VALUES)
        return explained.write(folder)
    except OSError as error:
        raise UserError(
            f"{error.filename or folder}: {error.strerror or error}; choose another --reports-dir"
        ) from None
