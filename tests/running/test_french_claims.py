"""The experiment `french_claims` on a synthetic portfolio: run, read, verified and taken home, from both sources."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from commands import ROOT, bench, table
from openml_server import asked_by_the_client
from portfolio import portfolio

from bench import results
from bench.models.saved import load

POLICIES = portfolio(1200)
SMALL = [
    "experiment=french_claims",
    "model.settings.rounds=9",
    "model.fidelity.low=1",
    "budget.cost=5",
    "seed=0",
    "threads=1",
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    POLICIES.to_csv(tmp_path / "policies.csv", index=False)
    return tmp_path


def test_all_four_methods_spend_the_same_and_recall_is_recorded_beside_auc(folder: Path, capsys) -> None:
    assert bench("run", *SMALL, "dataset.path=policies.csv") == 0
    out = capsys.readouterr()
    assert "target 'claim': binary, 2 classes: no " in out.err + out.out
    found = results.read(folder / "results", ["french_claims"])
    trials = found.trials.assign(kept=found.trials["details"].map(json.loads))
    cost = trials.groupby("optimizer", observed=True)["cost"].sum()
    assert sorted(cost.index) == ["optuna_tpe", "optuna_tpe_hyperband", "random", "random_sha"]
    assert cost.between(4, 5 + 1e-9).all()
    assert set(trials["status"]) == {"ok", "pruned"}
    assert all(0 <= kept["scores"]["recall"][0] <= 1 for kept in trials["kept"])
    assert {run.dataset for run in found.runs} == {"french_claims"}
    hyperband = trials[trials["optimizer"] == "optuna_tpe_hyperband"]
    assert hyperband.loc[hyperband["status"] == "pruned", ["loss", "test_loss"]].isna().all(axis=None)
    best = trials.loc[trials["loss"].idxmin()]
    assert bench("best", "french_claims") == 0
    shown = capsys.readouterr().out
    assert f"validation AUC {1 - best['loss']:.6g}, test AUC {1 - best['test_loss']:.6g}" in shown
    valid, test = best["kept"]["scores"]["recall"]
    assert f"# recorded beside it: validation recall {valid:.6g}, test recall {test:.6g}\n" in shown
    assert bench("verify", "french_claims", "--trials", "3") == 2
    assert "bench verify french_claims --trials 3 --data policies.csv" in capsys.readouterr().err  # by its digest
    assert bench("verify", "french_claims", "--trials", "3", "--data", "policies.csv") == 0
    metadata = next(iter(found.runs.values()))
    assert "path" not in metadata["config"]["dataset"]
    with (folder / "policies.csv").open("a") as file:
        file.write(Path("policies.csv").read_text().splitlines()[-1] + "\n")
    capsys.readouterr()
    assert bench("verify", "french_claims", "--data", "policies.csv") == 2
    assert "is not the file of dataset french_claims" in capsys.readouterr().err
    assert bench("run", *SMALL, "dataset.path=policies.csv") == 2  # another file, other results


def test_the_dry_run_of_the_page_needs_no_data(folder: Path, capsys) -> None:
    page = (ROOT / "docs/french_claims.md").read_text()
    assert bench(*re.search(r"```sh\nbench (.*)\n```", page)[1].split()) == 0
    out = capsys.readouterr().out
    assert out.startswith("40 runs: 0 done, 40 to do\n")
    assert "random_sha: 10 runs with seeds 0-9, trials as they come; 700 full evaluations, in parts or whole" in out
    assert "warning" not in out


def test_the_winner_is_taken_home_from_openml_without_a_file(folder: Path, monkeypatch, capsys) -> None:
    counts = [int((POLICIES["ClaimNb"] == 0).sum()), int((POLICIES["ClaimNb"] > 0).sum())]
    kinds = ["STRING" if POLICIES[name].dtype.kind in "OTU" else "NUMERIC" for name in POLICIES]
    head = "".join(f"@ATTRIBUTE {name} {kind}\n" for name, kind in zip(POLICIES, kinds, strict=True))
    with asked_by_the_client(monkeypatch) as server:
        server.add(41214, f"@RELATION p\n{head}@DATA\n{POLICIES.to_csv(index=False, header=False)}")
        assert bench("run", *SMALL, f"dataset.class_counts={counts}", "optimizer=random", "budget.cost=2") == 0
        said = capsys.readouterr()
        assert "bench fit french_claims --out" in said.out + said.err
        assert bench("fit", "french_claims", "--out", "model") == 0
    loaded = load(folder / "model")
    predicted = loaded.predict(POLICIES.drop(columns=["IDpol", "ClaimNb"]))
    assert isinstance(predicted, pd.DataFrame)
    assert list(predicted) == ["no", "yes"]
    assert len(table(folder, "french_claims/french_claims/xgboost_claims/random/0")) == 2
