"""A searched preparation from YAML to the best configuration: losses of a pipeline by hand, and names with a dot."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from commands import bench
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

from bench import results

CONFIG = """
name: prepared
class: bench.models.scikit_learn.Estimator
settings: {estimator: sklearn.linear_model.LogisticRegression, scale: null}
space:
  prepare.scale: {type: categorical, choices: [standard, minmax, null]}
  prepare.encode: {type: categorical, choices: [one_hot, ordinal, target], when: {prepare.scale: [standard, null]}}
  prepare.impute: {type: categorical, choices: [mean, most_frequent]}
  C: {type: float, low: 0.01, high: 10.0, log: true, when: {prepare.encode: [one_hot, target]}}
"""


def test_each_trial_is_a_pipeline_by_hand_and_the_best_comes_home(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("own/model").mkdir(parents=True)
    Path("own/model/prepared.yaml").write_text(CONFIG)
    rng = np.random.default_rng(0)
    towns, size = rng.choice(["Bern", "Chur", "Genf"], 200), rng.normal(size=200)
    label = np.where((towns == "Bern") + size + rng.normal(size=200) / 2 > 0.6, "yes", "no")
    table = pd.DataFrame({"size": np.where(rng.random(200) < 0.1, np.nan, size), "town": towns, "label": label})
    table.insert(0, "part", ["train"] * 120 + ["valid"] * 40 + ["test"] * 40)
    table.to_csv("shop.csv", index=False)
    data = ["dataset=file", "dataset.path=shop.csv", "dataset.target=label", "resampling=column", "dataset.split=part"]
    run = ["run", "--config-dir", "own", *data, "model=prepared", "optimizer=optuna_tpe", "budget.trials=12", "name=p"]
    assert bench(*run) == 0
    (path,) = Path("results/p").glob("**/*.parquet")
    trials, _ = results.read_file(path)
    configurations = [json.loads(text) for text in trials["configuration"].to_pylist()]
    keys = ["prepare.scale", "prepare.encode", "prepare.impute"]
    assert len({tuple(each.get(key, "inactive") for key in keys) for each in configurations}) > 4
    assert any("prepare.encode" not in each and "C" not in each for each in configurations)

    rows = {part: table[table["part"] == part] for part in ("train", "valid", "test")}
    for configuration, losses in zip(
        configurations, zip(trials["loss"], trials["test_loss"], strict=True), strict=True
    ):
        scaler = {"standard": StandardScaler(), "minmax": MinMaxScaler(), None: "passthrough"}
        encoder = {
            "one_hot": OneHotEncoder(),
            "ordinal": OrdinalEncoder(),
            "target": TargetEncoder(cv=StratifiedKFold(5, shuffle=True, random_state=0)),
        }[configuration.get("prepare.encode", "one_hot")]
        imputer = SimpleImputer(strategy=configuration["prepare.impute"])
        numbers = make_pipeline(imputer, scaler[configuration["prepare.scale"]])
        columns = make_column_transformer((numbers, ["size"]), (encoder, ["town"]))
        hand = make_pipeline(columns, LogisticRegression(C=configuration.get("C", 1.0)))
        hand.fit(rows["train"], rows["train"]["label"])
        for part, loss in zip(("valid", "test"), losses, strict=True):
            assert loss.as_py() == pytest.approx(
                log_loss(rows[part]["label"], hand.predict_proba(rows[part])), rel=1e-9
            )

    capsys.readouterr()
    assert bench("best", "p") == 0
    best = configurations[int(np.argmin(trials["loss"].to_numpy()))]
    assert yaml.safe_load(capsys.readouterr().out) == best
    assert bench("verify", "p", "--data", "shop.csv", "--config-dir", "own") == 0
    assert "trials come out the same, bit for bit" in capsys.readouterr().out
    assert bench("report", "p") == 0
    assert "prepare.scale" in Path("reports/p/report.html").read_text(encoding="utf-8")
