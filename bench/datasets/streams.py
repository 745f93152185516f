"""Streams with a known drift, from river: variants of one generator joined at recorded rows, and a turning hyperplane.

Rows stand in the order of their time, which the column `row` numbers. The seed decides all that is drawn.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from river.datasets import synth

from bench.checks import is_number, whole
from bench.datasets.table import Table
from bench.errors import UserError

ROW = "row"
"""The column that numbers the rows from 0."""
_STEEPEST = 700.0
"""The largest exponent that river's sigmoid can take: `math.exp` overflows beyond 709."""


def sea(
    length: int, seed: int, variants: Sequence[int], positions: Sequence[int], width: int = 50, noise: float = 0.1
) -> Table:
    """SEA (Street and Kim 2001): three numbers from 0 to 10, the class is whether the first two exceed a threshold.

    River's generator alone never drifts: here its `variants` (0 to 3: thresholds 8, 9, 7, 9.5) follow one another,
    joined at `positions` by `joined`. `noise` is the share of rows with the other class.
    """
    chosen = _each("variants", variants, 3)
    streams = [synth.SEA(variant, noise, _of_concept(seed, place)) for place, variant in enumerate(chosen)]
    return _table(joined(streams, positions, width, seed), length)


def agrawal(
    length: int,
    seed: int,
    functions: Sequence[int],
    positions: Sequence[int],
    width: int = 50,
    perturbation: float = 0.1,
) -> Table:
    """Agrawal (Agrawal et al. 1993): nine features of a loan's applicant, and which group a rule puts them in.

    The rules `functions` (0 to 9, of very different complexity) follow one another, joined at `positions` by `joined`.
    `perturbation` is how far numbers are moved after the rule was applied, as a share of their ranges.
    """
    chosen = _each("functions", functions, 9)
    streams = [
        synth.Agrawal(function, _of_concept(seed, place), perturbation=perturbation)
        for place, function in enumerate(chosen)
    ]
    return _table(joined(streams, positions, width, seed), length)


def hyperplane(
    length: int,
    seed: int,
    features: int = 10,
    drifting: int = 5,
    mag_change: float = 0.001,
    sigma: float = 0.1,
    noise: float = 0.05,
) -> Table:
    """A hyperplane that turns (Hulten et al. 2001): the class is the side on which `features` numbers from 0 to 1 lie.

    After each row the weights of the first `drifting` features change by `mag_change`, which must be above 0: the
    drift is gradual and never ends. `sigma` is the probability with which a weight's direction is reversed.
    """
    if not is_number(mag_change) or not 0 < mag_change <= 1:
        raise UserError(f"dataset.mag_change={mag_change!r}: expected a number above 0, at most 1; at 0 nothing drifts")
    whole("dataset.drifting", drifting, 1, whole("dataset.features", features, 1))
    stream = synth.Hyperplane(seed, features, drifting, mag_change, noise, sigma)
    return _table(stream, length)


def joined(streams: Sequence[Any], positions: Sequence[int], width: int, seed: int) -> Any:
    """The streams one after another, by river's `ConceptDriftStream`, each beginning near its position.

    At row `position` - 1 the old and the new concept are equally probable, and `width` rows are about what the change
    takes: the probability of the new one is `1 / (1 + exp(-4 (row + 1 - position) / width))`. River evaluates it from
    the first row on, where a `width` below 4/700 of the position is beyond the range of `math.exp`: it is refused.
    """
    if len(positions) != len(streams) - 1:
        raise UserError(f"dataset.positions={list(positions)}: expected one fewer than there are concepts")
    whole("dataset.width", width, 1)
    for before, after in itertools.pairwise([0, *positions]):
        if whole("dataset.positions", after, 1) <= before:
            raise UserError(f"dataset.positions={list(positions)}: expected rows that increase")
    if positions and 4 * positions[-1] / width > _STEEPEST:
        least = -(-4 * positions[-1] // int(_STEEPEST))
        raise UserError(
            f"dataset.width={width}: is too steep for a change at row {positions[-1]}; set at least {least}"
        )
    whole_stream = streams[0]
    for place, (position, stream) in enumerate(zip(positions, streams[1:], strict=True)):
        # The outer stream counts the rows that it draws of the inner one: positions are rows of the whole.
        whole_stream = synth.ConceptDriftStream(whole_stream, stream, position, width, _of_concept(seed, 500 + place))
    return whole_stream


def _of_concept(seed: int, place: int) -> int:
    """A seed of its own for each part of a stream: with the same one, two concepts would have the same rows."""
    return 1000 * whole("dataset.seed", seed, 0) + place


def _each(key: str, values: Sequence[int], most: int) -> list[int]:
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise UserError(f"dataset.{key}={values!r}: expected a list of whole numbers from 0 to {most}")
    return [whole(f"dataset.{key}", value, 0, most) for value in values]


def _table(stream: Iterable[tuple[dict[Any, Any], Any]], length: int) -> Table:
    drawn = list(itertools.islice(stream, whole("dataset.length", length, 1)))
    features = pd.DataFrame([row for row, _ in drawn]).rename(columns=_named)
    target = pd.Series([int(label) for _, label in drawn], name="class")
    return Table(features, target, pd.DataFrame({ROW: range(len(drawn))}))


def _named(feature: Any) -> str:
    return f"x{feature}" if isinstance(feature, int) else str(feature)
