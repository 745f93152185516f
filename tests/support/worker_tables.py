"""Trial tables of runs with several workers, made by hand, for tests that start from results."""

from collections.abc import Sequence
from pathlib import Path

from trials import metadata, trial_rows

from bench.results import RunId, write_run


def put_beside(
    results_dir: Path, name: str, seed: int, workers: int, losses: Sequence[float | None], ends: Sequence[float]
) -> None:
    """Write a run of `name`; with one worker `ends` are the sums of what its evaluations took."""
    shown = name if workers == 1 else f"{name}-w{workers}"
    run = RunId("side", "digits", "lightgbm", shown, seed)
    tests = [None if loss is None else loss + 0.01 for loss in losses]
    entry = metadata(run, len(losses), problem=f"split-{seed}", problem_family="digits")
    entry["config"]["optimizer"]["name"] = name
    entry["config"]["seeds"] = {"split": seed, "model": seed}
    seconds = [end - before for end, before in zip(ends, [0.0, *ends], strict=False)]
    rows = [
        row | {"evaluate_seconds": taken} for row, taken in zip(trial_rows(run, losses, tests), seconds, strict=True)
    ]
    if workers == 1:
        write_run(run.path(results_dir), rows, entry)
        return
    entry["workers"] = workers
    entry["config"]["workers"] = {"number": workers, "clock": "seconds"}
    more = {
        "fidelity": None,
        "cost": 1.0,
        "partial_loss": None,
        "partial_test_loss": None,
        "continues": 0,
        "incumbent_uncharged": False,
        "losses": None,
    }
    made = [
        row | more | {"proposal": row["trial"], "worker": row["trial"] % workers, "clock": end}
        for row, end in zip(rows, ends, strict=True)
    ]
    write_run(run.path(results_dir), made, entry, 2)
