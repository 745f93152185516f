"""Surrogates: their trees against the libraries', their error out of group, noise, and how they are kept."""

import json
import pickle
import warnings
from pathlib import Path
from types import SimpleNamespace

import lightgbm as lgb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats
from sklearn.ensemble import ExtraTreesRegressor, RandomForestRegressor

from bench.errors import UserError
from bench.problems.surrogates import accuracy, fitting, limits, stored
from bench.problems.surrogates.encoding import INACTIVE, Encoding
from bench.problems.surrogates.evaluations import Evaluations
from bench.problems.surrogates.scale import Scale
from bench.problems.surrogates.stored import Surrogate
from bench.problems.surrogates.trees import joined, of_booster, of_forest
from bench.space import parsing

SPACE = {
    "rate": {"type": "float", "low": 0.001, "high": 1.0, "log": True},
    "kind": {"type": "categorical", "choices": ["a", "b", None]},
    "size": {"type": "ordinal", "choices": [16, 64, 512], "when": {"kind": ["b"]}},
}


@pytest.fixture(scope="module")
def grown() -> SimpleNamespace:
    """Three ensembles of the libraries on the same rows, and the same as plain trees."""
    rng = np.random.default_rng(0)
    rows = rng.random((300, 4)).astype(np.float32).astype(np.float64)
    values = np.sin(6 * rows[:, 0]) + rows[:, 1] * (rows[:, 2] > 0.5)
    forests = [
        kind(20, min_samples_leaf=2, random_state=0).fit(rows, values)
        for kind in (RandomForestRegressor, ExtraTreesRegressor)
    ]
    settings = {"num_leaves": 9, "min_data_in_leaf": 3, "verbosity": -1, "num_threads": 1}
    booster = lgb.train(settings, lgb.Dataset(rows, values), num_boost_round=25)
    trees = joined([of_forest(forests[0]), of_booster(booster), of_forest(forests[1])])
    others = np.concatenate([rows[:50], rng.random((50, 4)).astype(np.float32)])
    theirs = np.stack([forests[0].predict(others), booster.predict(others), forests[1].predict(others)]).T
    return SimpleNamespace(trees=trees, rows=others, theirs=theirs)


MEASURED = {"rank_correlation": 0.9, "rmse": 0.1, "coverage": 0.9, "evaluations": 9}
FACTS = {
    **{name: name for name in ("experiment", "problem", "dataset", "model", "metric", "task", "evaluations")},
    "baseline_loss": None,
    "median_loss": 0.5,
    "configurations": 9,
    "failed": 0,
    "error": {"all": MEASURED, "best_tenth": MEASURED, "order": None, "optimizers": 1},
}
DAMAGED = r"is no surrogate of this version, or damaged \(.*\); delete it, and"


def test_plain_trees_predict_what_their_library_predicts(grown) -> None:
    np.testing.assert_allclose(grown.trees.predict_all(grown.rows), grown.theirs, rtol=1e-12, atol=1e-12)


def test_what_is_kept_is_plain_and_answers_the_same(grown, tmp_path: Path, monkeypatch) -> None:
    scales = {"loss": Scale((-1.0, 1.0), (0.5, 2.0))}
    made = Surrogate(grown.trees, ("loss", "test_loss", "log_seconds"), scales, SPACE, 0.1, FACTS)
    path = stored.place(tmp_path, "e", "0" * 64)
    made.write(path)
    with monkeypatch.context() as patch:
        for name in ("load", "loads", "Unpickler"):
            patch.setattr(pickle, name, lambda *_: pytest.fail("something was unpickled"))
        again = stored.read(path)
    assert again.sha256 == made.sha256
    assert [again.predict(row) for row in grown.rows] == [made.predict(row) for row in grown.rows]
    assert again.predict(grown.rows[0])["loss"] == pytest.approx(np.interp(grown.theirs[0, 0], (-1, 1), (0.5, 2)))
    assert (again.space, again.noise, again.facts) == (made.space, 0.1, FACTS)
    other = Surrogate(grown.trees, made.outputs, scales, SPACE, 0.2, {})
    assert other.sha256 != made.sha256
    table = pq.read_table(path)
    wild = table.set_column(table.column_names.index("left"), "left", [table["left"].to_numpy() + len(table)])
    place = table.column_names.index("feature")
    holes = table.set_column(place, "feature", pa.array([None, *table["feature"].to_pylist()[1:]], pa.int64()))
    for content in (
        b"no parquet",
        holes.replace_schema_metadata(table.schema.metadata),
        wild.replace_schema_metadata(table.schema.metadata),
        table.replace_schema_metadata({}),
        *(
            table.replace_schema_metadata({stored.KEY: json.dumps(known | {"facts": FACTS | changed}).encode()})
            for known in [json.loads(table.schema.metadata[stored.KEY])]
            for changed in (
                {"metric": None},
                {"median_loss": "x"},
                {"error": FACTS["error"] | {"best_tenth": 0.5}},
                {"error": FACTS["error"] | {"all": {"rank_correlation": "high"}}},
                {"error": FACTS["error"] | {"fresh": [5]}},
                {"error": 5},
            )
        ),
    ):
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            pq.write_table(content, path)
        with warnings.catch_warnings(action="error"), pytest.raises(UserError, match=DAMAGED):
            stored.read(path)


def test_numbers_of_a_configuration() -> None:
    encoding = Encoding(parsing.parse(SPACE))
    assert encoding.names == ["rate", "kind=0", "kind=1", "kind=2", "size"]
    row = encoding.row({"rate": 1.0, "kind": "b", "size": 64})
    np.testing.assert_array_equal(row, [1, 0, 1, 0, 0.5])
    row = encoding.row({"rate": 0.001, "kind": None})
    np.testing.assert_array_equal(row, [0, 0, 0, 1, INACTIVE])
    middle = encoding.row({"rate": 0.001**0.5, "kind": "a"})
    assert middle[0] == pytest.approx(0.5, abs=1e-6)


def evaluations(
    codes: list, loss: list, optimizer: list, split: list | None = None, run: list | None = None
) -> Evaluations:
    """Evaluations of which only these are known; a configuration's row is its number."""
    count = max(codes) + 1
    values = np.array(loss, dtype=np.float64)
    return Evaluations(
        problem="d/m",
        metadata={},
        baseline=None,
        space=parsing.parse(SPACE),
        configurations=[str(number) for number in range(count)],
        codes=np.array(codes),
        rows=np.arange(count, dtype=np.float64)[:, None],
        loss=values,
        test_loss=values,
        seconds=np.ones(len(codes)),
        failed=np.isnan(values),
        run=np.array(run or optimizer),
        optimizer=np.array(optimizer),
        split=np.array(split or [0] * len(codes)),
        optimizers=[f"o{number}" for number in range(max(optimizer) + 1)],
    )


class Remembers:
    """Predicts what it was fitted to, and -1 for what it has not seen."""

    def fit(self, rows, losses):
        seen = dict(zip(rows[:, 0], losses, strict=True))
        return lambda others: np.array([seen.get(row[0], -1.0) for row in others])


def test_out_of_group_nothing_of_the_group_is_known_not_even_what_others_evaluated_too() -> None:
    codes = [*range(40), *range(20, 60), *range(40, 80)]
    read = evaluations(codes, [float(code) for code in codes], [0] * 40 + [1] * 40 + [2] * 40)
    found = accuracy.out_of_group(read, read.loss, Remembers())
    assert len(found.true) == 120
    assert set(found.predicted) == {-1.0}
    two = evaluations(codes, [float(code) for code in codes], [0] * 40 + [1] * 80, run=[0] * 40 + [1] * 40 + [2] * 40)
    assert set(accuracy.out_of_group(two, two.loss, Remembers()).group) == {0, 1, 2}  # of two optimisers, runs


def test_the_error_is_that_of_its_definition() -> None:
    rng = np.random.default_rng(1)
    true = rng.normal(size=300)
    predicted = true + rng.normal(scale=0.3, size=300)
    group = np.repeat([0, 1, 2], 100)
    run = np.repeat(np.arange(6), 50)
    error = accuracy.described(accuracy.OutOfGroup(group, true, predicted, run, group))
    best = np.sort(np.argsort(true)[:30])
    assert error["all"]["rank_correlation"] == pytest.approx(stats.spearmanr(true, predicted).statistic)
    assert error["best_tenth"]["rank_correlation"] == pytest.approx(
        stats.spearmanr(true[best], predicted[best]).statistic
    )
    assert error["best_tenth"]["rmse"] == pytest.approx(np.sqrt(np.mean((true - predicted)[best] ** 2)))
    width = [np.quantile(np.abs(true - predicted)[group != each], 0.9) for each in range(3)]
    inside = [abs(t - p) <= width[g] for t, p, g in zip(true, predicted, group, strict=True)]
    assert error["all"]["coverage"] == pytest.approx(np.mean(inside))
    ends = [(true[run == each].min(), predicted[run == each].min()) for each in range(6)]
    assert error["regret"]["rmse"] == pytest.approx(np.sqrt(np.mean([(p - t) ** 2 for t, p in ends])))
    assert error["regret"]["bias"] == pytest.approx(np.mean([p - t for t, p in ends]))
    medians = [np.mean([ends[2 * each], ends[2 * each + 1]], axis=0) for each in range(3)]
    assert error["order"] == pytest.approx(stats.kendalltau(*np.array(medians).T).statistic)
    poor = {"best_tenth": {"rank_correlation": 0.29}, "order": 0.49, "optimizers": 3}
    assert len(limits.refusals(poor)) == 2
    assert limits.refusals({"best_tenth": {"rank_correlation": 0.3}, "order": 0.5, "optimizers": 3}) == []
    assert limits.refusals({"best_tenth": {"rank_correlation": 0.3}, "order": None, "optimizers": 1}) == []
    assert "not defined" in limits.refusals({"best_tenth": {"rank_correlation": None}, "order": 1, "optimizers": 3})[0]


def test_noise_is_what_repeated_evaluations_leave_beside_their_split() -> None:
    rng = np.random.default_rng(2)
    code, split = (grid.ravel() for grid in np.meshgrid(range(60), range(5), indexing="ij"))
    of_split = np.array([0.5, -0.5, 0.0, 0.25, -0.25])
    loss = rng.normal(size=60)[code] + of_split[split] + rng.normal(scale=0.1, size=300)
    kept = rng.random(300) < 0.7
    code, split, loss = code[kept], split[kept], loss[kept]
    own = evaluations(code.tolist(), loss.tolist(), [0] * len(code), split.tolist())
    effects, noise = accuracy.effects(own)
    several = np.bincount(code)[code] > 1
    design = np.concatenate([np.eye(60)[code[several]], np.eye(5)[split[several]]], axis=1)
    fitted, _, rank, _ = np.linalg.lstsq(design, loss[several], rcond=None)
    left = loss[several] - design @ fitted
    used = np.unique(code[several])
    assert noise == pytest.approx(np.sqrt(np.sum(left**2) / (several.sum() - rank)), rel=1e-6)
    assert len(used) + 4 == rank
    np.testing.assert_allclose(np.diff(effects), np.diff(fitted[60:]), atol=1e-6)
    assert 0.08 < noise < 0.12
    twice = evaluations([*code, *code], [*loss, *loss], [0] * (2 * len(code)), [*split, *split])
    assert accuracy.effects(twice)[1] == pytest.approx(noise)  # the same evaluation, proposed twice, is one
    assert accuracy.effects(evaluations([0, 0, 1], [1.0, 1.0, 2.0], [0, 0, 0]))[1] is None


def test_scores_are_turned_back_into_losses_that_were_seen() -> None:
    losses = np.array([3.0, 1.0, 2.0, 1e9, 1.0])
    scores, scale = fitting.scaled(losses, "scores")
    np.testing.assert_allclose(scale.back(scores), losses)
    assert scale.back(-9.0) == 1.0
    assert scale.back(9.0) == 1e9
    assert scores.max() < 2
    same, plain = fitting.scaled(losses, "loss")
    assert plain.back(5.0) == 5.0
    assert same is losses
