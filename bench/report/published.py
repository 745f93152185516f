"""What others have published of a problem, held against ours: `_published.yaml` beside an experiment's tables.

```yaml
problem: lightgbm_regression/lightgbm_autogbdt      # DATASET/MODEL
source: whose numbers, of what, where they stand
losses: {random: [0.418854, 0.417364], smac_rf: [0.408386]}   # by our names of optimisers, one final loss a repetition
remarks: {random: why it differs}                   # optional
```

Its underscore keeps it out of the way of what reads the folder's tables (pandas and pyarrow skip such files).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from bench.errors import UserError
from bench.report.samples import Sample

FILE = "_published.yaml"

_KEYS = ("problem", "source", "losses", "remarks")


@dataclass(frozen=True)
class Published:
    """The final losses that someone reports of one problem."""

    problem: str
    """As DATASET/MODEL."""
    source: str
    losses: Mapping[str, tuple[float, ...]]
    """By label, one loss a repetition."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """By label: what may explain a difference."""


def read(results_dir: Path, experiments: Sequence[str]) -> dict[str, Published]:
    """What was published of the problems of some experiments, by problem; of two files on one problem the first counts.

    Raises `UserError` for a file that cannot be read or is not as it must be.
    """
    found: dict[str, Published] = {}
    for path in (results_dir / experiment / FILE for experiment in experiments):
        try:
            published = _parsed(yaml.safe_load(path.read_text()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{path}: no readable published losses ({reason}); mend it, or move it away") from None
        found.setdefault(published.problem, published)
    return found


def against(published: Published, samples: Mapping[str, Sample]) -> pd.DataFrame:
    """Published final losses and ours, each of our runs after the whole of its own budget.

    One row a published label, in order of the file: `label`; `published_runs`, `published_median`, `published_least`,
    `published_most`; `evaluations` (of our budget), `runs`, `median`, `least`, `most`, NaN and 0 where we have no run;
    `difference` of the medians, ours minus theirs; `ranges`, which of them lies lower: `ours`, `theirs`, or `overlap`.
    """
    rows = []
    for label, losses in published.losses.items():
        sample = samples.get(label)
        ours = sample.validation[:, -1] if sample is not None and sample.validation.shape[1] else np.empty(0)
        theirs = np.array(losses)
        evaluations = sample.validation.shape[1] if sample is not None else 0
        told, own = _described(theirs, "published_"), _described(ours)
        lower = ours.max(initial=-math.inf) < theirs.min(), theirs.max() < ours.min(initial=math.inf)
        ranges = {(True, False): "ours", (False, True): "theirs"}.get(lower, "overlap") if len(ours) else ""
        compared = {"difference": own["median"] - told["published_median"], "ranges": ranges}
        rows.append({"label": label, **told, "evaluations": evaluations, **own, **compared})
    return pd.DataFrame(rows)


def sentences(published: Published, samples: Mapping[str, Sample]) -> Iterator[str]:
    """How each median of ours differs from theirs, with what the file remarks on it."""
    for row in against(published, samples).to_dict("records"):
        label, difference = row["label"], row["difference"]
        if not row["runs"]:
            said = "published, and not among our runs"
        elif difference == 0:
            said = "ours is the published median"
        else:
            ranges = "the ranges overlap" if row["ranges"] == "overlap" else "the ranges do not overlap"
            side = "below" if difference < 0 else "above"
            said = f"our median lies {abs(difference):.3g} {side} the published one; {ranges}"
        remark = published.remarks.get(label, "")
        yield f"{label}: {said}{f'. {remark}' if remark else '.'}"


def _described(losses: np.ndarray, prefix: str = "") -> dict[str, float]:
    middle, least, most = (
        (np.median(losses), losses.min(), losses.max()) if len(losses) else (math.nan, math.nan, math.nan)
    )
    found = {"runs": len(losses), "median": middle, "least": least, "most": most}
    return {f"{prefix}{name}": value for name, value in found.items()}


def _parsed(content: object) -> Published:
    if not isinstance(content, Mapping):
        raise ValueError(f"expected the keys {', '.join(_KEYS)}, found {type(content).__name__}")
    unknown = sorted(set(map(str, content)) - set(_KEYS))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]}, allowed are {', '.join(_KEYS)}")
    problem, source = (content.get(key) for key in ("problem", "source"))
    if not isinstance(problem, str) or problem.count("/") != 1:
        raise ValueError(f"problem: expected DATASET/MODEL, found {problem}")
    if not isinstance(source, str):
        raise ValueError(f"source: expected text that says whose numbers these are, found {source}")
    losses, remarks = content.get("losses"), content.get("remarks") or {}
    if not isinstance(losses, Mapping) or not losses or not all(map(_finite, losses.values())):
        raise ValueError("losses: expected names of optimisers, each with a list of finite numbers")
    if not isinstance(remarks, Mapping) or set(remarks) - set(losses):
        raise ValueError("remarks: expected a text for some of the optimisers that losses names")
    return Published(
        problem,
        " ".join(source.split()),
        {str(label): tuple(map(float, values)) for label, values in losses.items()},
        {str(label): " ".join(str(said).split()) for label, said in remarks.items()},
    )


def _finite(values: object) -> bool:
    return (
        isinstance(values, list)
        and bool(values)
        and all(
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) for value in values
        )
    )
