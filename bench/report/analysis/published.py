"""What others have published of a problem, held against ours: `_published.yaml` beside an experiment's tables.

```yaml
problem: lightgbm_regression/lightgbm_autogbdt      # DATASET/MODEL
metric: rmse                                        # optional: of another metric nothing is said
source: whose numbers, of what, where they stand
losses: {random: [0.418854, 0.417364], smac_rf: [0.408386]}   # by our names of optimisers, one final loss a repetition
remarks: {random: why it differs}                   # optional
```

Its underscore keeps it out of the way of what reads the folder's tables (pandas and pyarrow skip such files).
"""

import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from bench import files
from bench.errors import UserError
from bench.report.analysis.comparison import Analysis
from bench.results import refuse_links
from bench.wording import unmarked

FILE = "_published.yaml"

_KEYS = ("problem", "metric", "source", "losses", "remarks")


@dataclass(frozen=True)
class Published:
    """The final losses that someone reports of one problem."""

    problem: str
    """As DATASET/MODEL."""
    source: str
    losses: Mapping[str, tuple[float, ...]]
    """By optimiser, one loss a repetition."""
    remarks: Mapping[str, str] = field(default_factory=dict)
    """By optimiser: what may explain a difference."""
    metric: str | None = None
    """Of which the losses are; None where the file does not say."""

    @property
    def decimals(self) -> int:
        """To how many decimals the losses are given."""
        exponents = (
            Decimal(repr(loss)).normalize().as_tuple().exponent for losses in self.losses.values() for loss in losses
        )
        return max(0, max((-int(exponent) for exponent in exponents), default=0))

    def of(self, metric: str) -> "Published | None":
        """Itself, where its losses are of this metric or it does not say of which; else None."""
        return self if self.metric in (None, metric) else None


def read(results_dir: Path, experiments: Sequence[str]) -> dict[str, Published]:
    """What was published of the problems of some experiments, by problem; of two files on one problem the first counts.

    Raises `UserError` for a file that cannot be read or is not as it must be.
    """
    by_problem: dict[str, Published] = {}
    for experiment in experiments:
        path = results_dir / experiment / FILE
        refuse_links(results_dir, experiment, FILE, option="--results-dir")
        try:
            published = _parsed(yaml.safe_load(files.regular(path).read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            raise UserError(f"{path}: no readable published losses ({reason}); mend it, or move it away") from None
        by_problem.setdefault(published.problem, published)
    return by_problem


def against(published: Published, analysis: Analysis) -> pd.DataFrame:
    """Published final losses and ours, each of our runs after all of its trials.

    A row a published optimiser, in order of the file, or several where the report has several curves of it:
    `optimizer`, `label`; `published_runs`, `published_median`, `published_least`, `published_most`; `runs`, `median`,
    `least`, `most`, 0 and NaN where the report has no run; `fewest_trials`, `most_trials` of them; `difference` of the
    medians, ours minus theirs; `ranges`, which of them lies lower: `ours`, `theirs`, or `overlap`. What is equal to as
    many decimals as were published is equal.
    """
    decimals = published.decimals
    curves = analysis.comparison.runs.groupby("optimizer")["label"].unique()
    rows = []
    for optimizer, losses in published.losses.items():
        theirs = np.array(losses)
        ours_by_label = {label: list(analysis.samples[label].best) for label in sorted(curves.get(optimizer, []))}
        for label, runs in (ours_by_label or {unmarked(optimizer): []}).items():
            ours = np.array([best[-1] if len(best) else math.inf for best in runs])
            reported, own = _described(theirs, "published_"), _described(ours)
            trials = [len(best) for best in runs] or [0]
            difference = own["median"] - reported["published_median"]
            as_given = ours.round(decimals)
            lower = as_given.max(initial=-math.inf) < theirs.min(), theirs.max() < as_given.min(initial=math.inf)
            compared = {
                "fewest_trials": min(trials),
                "most_trials": max(trials),
                "difference": 0.0 if abs(difference) <= 0.5 * 10.0**-decimals else difference,
                "ranges": {(True, False): "ours", (False, True): "theirs"}.get(lower, "overlap") if len(ours) else "",
            }
            rows.append({"optimizer": optimizer, "label": label, **reported, **own, **compared})
    return pd.DataFrame(rows)


def sentences(published: Published, analysis: Analysis) -> Iterator[str]:
    """How each median of ours differs from theirs, with what the file remarks on it."""
    for row in against(published, analysis).to_dict("records"):
        difference = row["difference"]
        if not row["runs"]:
            sentence = "published, and not in this report"
        elif not math.isfinite(difference):
            sentence = "half of our runs or more found nothing"
        elif difference == 0:
            sentence = "our median is the published one to its last decimal"
        else:
            ranges = "the ranges overlap" if row["ranges"] == "overlap" else "the ranges do not overlap"
            side = "below" if difference < 0 else "above"
            sentence = f"our median lies {abs(difference):.3g} {side} the published one; {ranges}"
        remark = published.remarks.get(row["optimizer"], "")
        yield f"{row['label']}: {sentence}{f'. {remark}' if remark else '.'}"


def _described(losses: np.ndarray, prefix: str = "") -> dict[str, float]:
    middle, least, most = (
        (np.median(losses), losses.min(), losses.max()) if len(losses) else (math.nan, math.nan, math.nan)
    )
    summary = {"runs": len(losses), "median": middle, "least": least, "most": most}
    return {f"{prefix}{name}": value for name, value in summary.items()}


def _parsed(content: object) -> Published:
    if not isinstance(content, Mapping):
        raise ValueError(f"expected the keys {', '.join(_KEYS)}, found {type(content).__name__}")
    unknown = sorted(set(map(str, content)) - set(_KEYS))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]}, allowed are {', '.join(_KEYS)}")
    problem, source = (content.get(key) for key in ("problem", "source"))
    if not isinstance(problem, str) or not re.fullmatch(r"[^/]+/[^/]+", problem):
        raise ValueError(f"problem: expected DATASET/MODEL, found {problem}")
    if not isinstance(source, str) or not source.strip():
        raise ValueError("source: expected text that says whose numbers these are")
    metric = content.get("metric")
    if metric is not None and not isinstance(metric, str):
        raise ValueError(f"metric: expected a name, as in conf/metric, found {metric}")
    losses, remarks = content.get("losses"), content.get("remarks") or {}
    if not isinstance(losses, Mapping) or not losses:
        raise ValueError("losses: expected names of optimisers, each with a list of numbers")
    if not isinstance(remarks, Mapping) or not all(isinstance(remark, str) for remark in remarks.values()):
        raise ValueError("remarks: expected names of optimisers, each with a text")
    if set(remarks) - set(losses):
        raise ValueError("remarks: of an optimiser that losses does not name")
    return Published(
        problem,
        unmarked(" ".join(source.split())),
        {str(name): tuple(_numbers(str(name), values)) for name, values in losses.items()},
        {str(name): unmarked(" ".join(remark.split())) for name, remark in remarks.items()},
        metric,
    )


def _numbers(name: str, values: object) -> Iterator[float]:
    if not isinstance(values, list) or not values:
        raise ValueError(f"losses.{name}: expected a list of numbers")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"losses.{name}: {value} is no number (in YAML write 1.0e-3, not 1e-3)")
        if not abs(value) < sys.float_info.max:
            raise ValueError(f"losses.{name}: a number is not finite")
        yield float(value)
