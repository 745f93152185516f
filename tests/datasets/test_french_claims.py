"""The French motor portfolio: the same from OpenML and from the user's file, and nothing else is taken for it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openml_server import Server, asked_by_the_client
from portfolio import portfolio
from tables import conf

from bench.datasets import Dataset, load
from bench.errors import UserError

POLICIES = portfolio(400)
COUNTS = [int((POLICIES["ClaimNb"] == 0).sum()), int((POLICIES["ClaimNb"] > 0).sum())]
QUOTED = ("Area", "VehBrand", "VehGas", "Region")


def claims(folder: Path, **keys: Any) -> Dataset:
    return load(conf("french_claims", **{"class_counts": COUNTS, **keys}), folder)


def arff(frame: pd.DataFrame) -> str:
    """As OpenML writes it: numbers, nominal values, and text in quotes within quotes."""
    kinds = {name: "{" + ",".join(sorted(set(frame[name]))) + "}" for name in ("Area", "VehBrand", "Region")}
    head = "".join(
        f"@ATTRIBUTE {name} {kinds.get(name, 'STRING' if name == 'VehGas' else 'NUMERIC')}\n" for name in frame
    )
    lines = frame.assign(VehGas="\"'" + frame["VehGas"] + "'\"").astype(str).agg(",".join, axis=1)
    return f"@RELATION freMTPL2freq\n{head}@DATA\n" + "\n".join(lines) + "\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with asked_by_the_client(monkeypatch) as running:
        running.add(41214, arff(POLICIES), default_target_attribute="ClaimNb")
        yield running


def written(folder: Path, frame: pd.DataFrame, name: str = "freMTPL2freq.csv") -> str:
    frame.to_csv(folder / name, index=False)
    return str(folder / name)


def test_it_is_the_same_from_openml_and_from_a_file_of_any_kind(server: Server, tmp_path: Path) -> None:
    dataset = claims(tmp_path)
    assert server.asked == ["/api/v1/xml/data/41214", "/data/v1/download/41214/dataset.arff"]
    assert (dataset.classes, dataset.target_name, dataset.task) == (("no", "yes"), "claim", "binary")
    assert np.array_equal(dataset.target, POLICIES["ClaimNb"] > 0)
    assert list(dataset.features) == [name for name in POLICIES if name not in ("IDpol", "ClaimNb")]
    for name in dataset.features:
        if name in QUOTED:
            assert dataset.features[name].astype(str).tolist() == POLICIES[name].tolist()
        else:
            assert np.array_equal(dataset.features[name], POLICIES[name].astype(float))
    POLICIES[POLICIES.columns[::-1]].to_parquet(tmp_path / "other.parquet")
    files = [written(tmp_path, POLICIES), str(tmp_path / "other.parquet")]
    assert {claims(tmp_path / "nowhere", path=path).content for path in files} == {dataset.content}


def test_a_feature_may_be_left_out_and_a_user_s_file_have_any_number_of_policies(tmp_path: Path) -> None:
    path = written(tmp_path, POLICIES.iloc[:300])
    dataset = claims(tmp_path, path=path, drop=["Exposure"])
    assert len(dataset.target) == 300
    assert "Exposure" not in dataset.features
    with pytest.raises(UserError, match=r"^dataset.drop: no column 'ClaimNb' in .*freMTPL2freq.csv; allowed: "):
        claims(tmp_path, path=path, drop=["ClaimNb"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            POLICIES.drop(columns=["Area", "ClaimNb"]),
            "no Area, ClaimNb; expected the columns IDpol, ClaimNb, Exposure, A",
        ),
        (POLICIES.assign(Claims=1), "unknown Claims; expected the columns IDpol, .* Region, and no others$"),
        (POLICIES.rename(columns={"IDpol": "id"}), "no IDpol; unknown id; expected the columns"),
        (POLICIES.assign(DrivAge="old"), "column DrivAge holds 'old' in data row 1; expected numbers"),
        (POLICIES.assign(Region=7), "column Region holds number values; expected text, as in B12 or R24"),
        (POLICIES.assign(ClaimNb=-1), "column ClaimNb holds '-1' in data row 1; expected whole numbers from 0"),
        (POLICIES.assign(ClaimNb=[0.5, *POLICIES["ClaimNb"][1:]]), "column ClaimNb holds '0.5' in data row 1; exp"),
        (POLICIES.assign(ClaimNb=[None, *POLICIES["ClaimNb"][1:]]), "column ClaimNb holds 'nan' in data row 1; exp"),
    ],
)
def test_another_table_is_one_line(tmp_path: Path, changed: pd.DataFrame, message: str) -> None:
    path = written(tmp_path, changed)
    with pytest.raises(UserError, match=f"^{path}: {message}") as raised:
        claims(tmp_path, path=path)
    assert "\n" not in str(raised.value)


def test_openml_s_copy_must_be_the_one_that_is_meant(server: Server, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^OpenML dataset 41214: {COUNTS[0]} policies without and {COUNTS[1]} with a"):
        load(conf("french_claims"), tmp_path)
    server.add(41215, arff(POLICIES.drop(columns="Density")))
    with pytest.raises(UserError, match=r"^OpenML dataset 41215: no Density; expected the columns"):
        claims(tmp_path, openml=41215)


def test_without_a_network_it_says_how_to_give_a_file(tmp_path: Path, server: Server) -> None:
    server.mode = "html"
    with pytest.raises(UserError, match=r"^OpenML cannot be reached .*status 503.*; .* dataset.path=freMTPL2freq.csv$"):
        claims(tmp_path)


def test_a_file_that_changed_since_its_runs_were_planned_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, POLICIES)
    with pytest.raises(UserError, match=r"^dataset.path: .*freMTPL2freq.csv has changed since these runs were planned"):
        claims(tmp_path, path=path, sha256="0" * 64)
