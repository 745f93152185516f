"""Comparisons across problems, with problems as blocks: ranks, wins and losses, Friedman's test, the signed-rank test.

`blocks` is a frame with a row a problem and a column an optimiser; its values are final losses (medians over runs),
less is better: +inf where there is none, which is worse than every loss and equal to another such, NaN where the
optimiser was not run on the problem. A problem that lacks any optimiser is incomplete: `incomplete` lists it, and ranks
leave it out, as a rank among fewer says something else.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from bench.report.statistics import designs, pairs
from bench.report.statistics.designs import ALPHA, Design, Family
from bench.report.statistics.significance import differences, levels, rounding

FEWEST = 5
"""Complete problems from which anything is tested: with fewer, no test over problems can reject."""


@dataclass(frozen=True)
class Friedman:
    """Average ranks, Friedman's test of them, and which neighbours do not differ; see `friedman`."""

    problems: int
    statistic: float
    """Iman and Davenport's F; +inf where all problems have the same ranks."""
    p: float
    ranks: dict[str, float]
    """Average ranks, the least first."""
    groups: tuple[tuple[str, ...], ...]
    """See `cliques`."""
    tested: bool
    """Whether a test of two of them could reject at all."""


def incomplete(blocks: pd.DataFrame) -> list[str]:
    """The problems that not every optimiser was run on, in their order."""
    return [str(problem) for problem in blocks.index[blocks.isna().any(axis="columns")]]


def ranks(blocks: pd.DataFrame) -> pd.DataFrame:
    """Ranks 1 (the least loss), 2, ... within each complete problem; equal losses share the mean of their ranks.

    Losses that differ by rounding alone are equal, as in `significance`.
    """
    complete = blocks.dropna()
    losses = complete.to_numpy(dtype=np.float64)
    places = stats.rankdata(levels(losses, rounding(losses, losses)), axis=1) if losses.size else losses
    return pd.DataFrame(places, complete.index, complete.columns)


def average(blocks: pd.DataFrame) -> pd.DataFrame:
    """Average ranks over the complete problems: `label`, `rank`, `problems`, the least first, ties by label."""
    ranked = ranks(blocks)
    frame = pd.DataFrame(
        {"label": ranked.columns.astype(str), "rank": ranked.mean().to_numpy(), "problems": len(ranked)}
    )
    return frame.sort_values(["rank", "label"], ignore_index=True)


def over_budget(medians: pd.DataFrame) -> pd.DataFrame:
    """Average ranks after each number of evaluations: `label`, `evaluations`, `rank`, `problems`.

    `medians` has the columns `problem`, `label`, `evaluations`, `median`. After t evaluations those problems count on
    which every optimiser's curve is known, whose number is `problems`; where it is none, there is no row.
    """
    labels = sorted(set(medians["label"]))
    wide = medians.pivot_table(index=["evaluations", "problem"], columns="label", values="median", aggfunc="first")
    ranked = ranks(wide.reindex(columns=labels))
    at = ranked.groupby(level="evaluations")
    mean = at.mean().join(at.size().rename("problems")).reset_index()
    long = mean.melt(["evaluations", "problems"], labels, var_name="label", value_name="rank")
    return long.sort_values(["label", "evaluations"], ignore_index=True)[["label", "evaluations", "rank", "problems"]]


def records(blocks: pd.DataFrame) -> pd.DataFrame:
    """Every two optimisers over the problems that both were run on: `a`, `b`, `wins`, `ties`, `losses`.

    `wins` counts the problems on which a has the less loss.
    """
    rows = []
    values = blocks.to_numpy(dtype=np.float64)
    known = ~np.isnan(values)
    for a, b in combinations(range(values.shape[1]), 2):
        both = known[:, a] & known[:, b]
        apart = differences(values[both, a], values[both, b])
        wins, losses = int((apart < 0).sum()), int((apart > 0).sum())
        rows.append((str(blocks.columns[a]), str(blocks.columns[b]), wins, int(both.sum()) - wins - losses, losses))
    return pd.DataFrame(rows, columns=["a", "b", "wins", "ties", "losses"])


def family(blocks: pd.DataFrame, alpha: float = ALPHA) -> tuple[list[str], dict[str, int]]:
    """Who is compared over problems, in the order of the columns; and the others, with the problems that each needs.

    Those that were run on most problems; those with the next smaller number join as long as every pair can still be
    tested on the problems that are then complete (smallest p * pairs <= alpha), or, where there is no test to lose,
    half of the complete problems stay. So one that was run on few problems changes nobody's tests.
    """
    counts = blocks.notna().sum()
    members: list[str] = []
    shown: list[str] = []
    for count in sorted(set(counts), reverse=True):
        block = [str(label) for label in blocks.columns[counts == count]]
        before, after = len(blocks[members].dropna()), len(blocks[[*members, *block]].dropna())
        keeps = not _testable(before, len(members), alpha) and 2 * after >= before
        if not members or (not shown and (keeps or _testable(after, len(members) + len(block), alpha))):
            members += block
        else:
            shown += block
    pairs_then = math.comb(len(members) + 1, 2)
    return (
        [str(label) for label in blocks if label in members],
        {
            str(label): max(FEWEST, designs.seeds_needed("paired", pairs_then, alpha))
            for label in blocks
            if label in shown
        },
    )


def _testable(problems: int, labels: int, alpha: float) -> bool:
    """Whether Holm's first step could reject on so many problems."""
    count = math.comb(labels, 2)
    return count > 0 and problems >= FEWEST and designs.smallest_p("paired", problems) * count <= alpha


def compare(values: pd.DataFrame, margin: float = math.nan, alpha: float = ALPHA) -> pd.DataFrame:
    """Every two optimisers by Wilcoxon's signed-rank test over problems, with Holm's correction over all pairs.

    `values` has a row a problem, a column an optimiser, without gaps, on a scale on which a difference means the same
    on every problem: normalised scores, or ranks within each problem (`ranks`). The rows are those of `pairs.compare`
    with problems in the place of seeds, exact with ties and zeros: `seeds`, `seeds_low` and `seeds_high` are the
    problems that would separate the two (Noether, 1987), `seeds_needed` those that a test needs to reject at all, and
    then there is none. Under `FEWEST` problems nothing is tested either. `margin` is that of `equivalent`.
    Source: Demšar (2006), JMLR 7, 3.1.2; Benavoli, Corani and Mangili (2016), JMLR 17(5), who show why pairs should
    not be compared by average ranks over all.
    """
    design = _design(values)
    members = tuple(str(label) for label in values)
    losses = {label: values[label].to_numpy(dtype=np.float64) for label in members}
    seeds = {label: np.arange(len(values)) for label in members}
    together = Family(members, {}, {}, math.comb(len(members), 2))
    frame = pairs.compare(losses, seeds, design, together, margin, alpha)
    if len(values) < FEWEST:
        frame = frame.assign(test="none", p=np.nan, p_holm=np.nan, better="")
        frame["seeds_needed"] = designs.seeds_needed("paired", max(1, together.pairs), alpha)
    return frame


def _design(blocks: pd.DataFrame) -> Design:
    """Problems in the place of seeds, on which all are paired."""
    known = {str(label): frozenset(np.flatnonzero(blocks[label].notna()).tolist()) for label in blocks}
    return Design(known, frozenset(), {frozenset(pair): "paired" for pair in combinations(known, 2)})


def friedman(blocks: pd.DataFrame, compared: pd.DataFrame) -> Friedman | None:
    """Whether optimisers differ over problems, by their ranks; None under `FEWEST` complete problems.

    With ranks r_ij of k optimisers on N problems, R_j their averages,

        Q = (k - 1) N^2 sum over j of (R_j - (k+1)/2)^2 / (sum over i, j of r_ij^2 - N k (k+1)^2 / 4),
        F = (N - 1) Q / (N (k - 1) - Q),

    Q being Friedman's, corrected for ties, and p = P(F distribution with k - 1 and (k - 1)(N - 1) degrees of freedom >=
    F), or what is attained by the same order on all problems, k!^(1 - N), where that is more; p is 1 where all are
    equal on every problem. Friedman's chi-squared is conservative for few problems. `compared` are the rows of
    `compare` on the same optimisers, by which `groups` are joined. Source: Friedman (1937); Iman and Davenport (1980),
    Communications in Statistics 9(6); Demšar (2006), JMLR 7, 3.2.
    """
    ranked = ranks(blocks)
    n, k = ranked.shape
    if n < FEWEST or k < 2:
        return None
    values = ranked.to_numpy(dtype=np.float64)
    spread = float((values**2).sum() - n * k * (k + 1) ** 2 / 4)
    distance = float(((values.mean(axis=0) - (k + 1) / 2) ** 2).sum())
    chi_squared = (k - 1) * n**2 * distance / spread if spread > 1e-9 else 0.0
    rest = n * (k - 1) - chi_squared
    statistic = (n - 1) * chi_squared / rest if rest > 1e-9 else math.inf
    ordered = dict(average(blocks)[["label", "rank"]].itertuples(index=False, name=None))
    least = math.exp((1 - n) * math.lgamma(k + 1))
    return Friedman(
        problems=n,
        statistic=statistic,
        p=max(float(stats.f.sf(statistic, k - 1, (k - 1) * (n - 1))), least),
        ranks=ordered,
        groups=cliques(list(ordered), compared),
        tested=bool((compared["test"] != "none").any()),
    )


def cliques(ordered: Sequence[str], compared: pd.DataFrame) -> tuple[tuple[str, ...], ...]:
    """The largest sets of neighbours in an order of which no two differ by `compare`, two or more in each."""
    rows = compared[compared["better"] != ""]
    apart = {frozenset(pair) for pair in zip(rows["a"], rows["b"], strict=True)}
    groups: list[tuple[str, ...]] = []
    reached = 0
    for start in range(len(ordered)):
        end = start + 1
        while end < len(ordered) and not any(frozenset((ordered[end], one)) in apart for one in ordered[start:end]):
            end += 1
        if end > max(reached, start + 1):
            groups.append(tuple(ordered[start:end]))
            reached = end
    return tuple(groups)
