"""A problem: what its two hashes hold, what a model is shown, and what is an outcome and what is not."""

import copy
import importlib
import json
import math
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import toy
from omegaconf import OmegaConf

from bench import problems, provenance
from bench.config.catalogue import conf_dir
from bench.errors import UserError
from bench.problems import Recipe

GROUPS = {
    **{
        group: OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))
        for group, name in (("dataset", "wine"), ("resampling", "holdout"), ("metric", "auto"), ("seeds", "fixed"))
    },
    "model": {
        "name": "toy",
        "class": "toy.Toy",
        "settings": {},
        "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}, "n": {"type": "int", "low": 1, "high": 3}},
    },
}
POINT = {"x": 0.25, "n": 2}


def build(tmp_path, seed=0, threads=1, **changes):
    groups = copy.deepcopy(GROUPS)
    for key, value in changes.items():
        group, _, name = key.partition("__")
        groups[group][name] = value
    return problems.build(Recipe(groups, seed, str(tmp_path), threads))


SPACE_2 = {"n": GROUPS["model"]["space"]["n"], "x": GROUPS["model"]["space"]["x"]}


@pytest.mark.parametrize(
    ("changes", "compares", "reuses"),
    [
        ({}, True, True),
        ({"dataset__name": "other", "dataset__description": "other"}, True, True),
        ({"dataset__load": "bench.datasets.bundled.digits"}, False, False),
        ({"resampling__test": 0.3, "resampling__train": 0.5}, False, False),
        ({"resampling__stop": "inner"}, False, False),
        ({"seeds__split": 1}, False, False),
        ({"seeds__model": 1}, False, False),
        ({"metric__name": "error"}, False, False),
        ({"metric__name": "log_loss"}, True, True),  # what auto stands for
        ({"metric__scores": ["error"]}, True, False),  # what was evaluated without cannot say it
        ({"model__name": "other"}, True, True),
        ({"model__settings": {"sleep": 0.001}}, False, False),
        ({"model__space": SPACE_2}, False, True),  # the order leads optimisers other ways; the evaluation is the same
    ],
)
def test_hashes_hold_what_they_should(tmp_path, changes, compares, reuses):
    if "dataset__load" in changes:
        digits = OmegaConf.to_container(OmegaConf.load(conf_dir() / "dataset/digits.yaml"))
        changes = {"dataset__load": digits["load"]}
    base, other = build(tmp_path), build(tmp_path, **changes)
    assert (base.hash == other.hash) == compares
    assert (base.key(POINT) == other.key(POINT)) == reuses


def test_the_key_depends_on_the_configuration_versions_and_revision(tmp_path, monkeypatch):
    base = build(tmp_path)
    assert base.key(POINT) == base.key({"n": 2, "x": 0.25})
    assert base.key(POINT) != base.key({"x": 0.25, "n": 3})
    assert base.key(POINT) != base.key({"x": math.nextafter(0.25, 1), "n": 2})
    monkeypatch.setattr(toy.Toy, "revision", 2)
    assert build(tmp_path).hash != base.hash
    monkeypatch.undo()
    versions = provenance.versions
    monkeypatch.setattr(provenance, "versions", lambda names: versions(names) | {"numpy": "9.9"})
    assert build(tmp_path).key(POINT) != base.key(POINT)
    assert build(tmp_path).hash == base.hash


def test_threads_are_in_the_key_only_where_the_model_says_so(tmp_path, monkeypatch):
    assert build(tmp_path, threads=2).key(POINT) == build(tmp_path).key(POINT)
    monkeypatch.setattr(toy.Toy, "threads_matter", True)
    assert build(tmp_path, threads=2).key(POINT) != build(tmp_path).key(POINT)


@pytest.mark.parametrize("stop", ["valid", "inner"])
def test_the_model_never_sees_validation_or_test_in_training(tmp_path, monkeypatch, stop):
    """A model that records what it is fitted on, told apart by rows that carry their own number."""
    rows = "\n".join(f"{i},{i % 3}" for i in range(300))
    (tmp_path / "numbered.csv").write_text(f"row,kind\n{rows}\n")
    file = OmegaConf.to_container(OmegaConf.load(conf_dir() / "dataset/file.yaml"))
    shown = {}

    def fit(self, configuration, train, stop, seed, threads, step=None):
        shown.update(train=set(train.features["row"]), stop=set(stop.features["row"]))
        return toy.ToyFitted(0.5, 3)

    predicted = []
    monkeypatch.setattr(toy.Toy, "fit", fit)
    predict = toy.ToyFitted.predict
    monkeypatch.setattr(toy.ToyFitted, "predict", lambda self, f: predicted.append(set(f["row"])) or predict(self, f))
    groups = copy.deepcopy(GROUPS)
    groups["dataset"] = file | {"path": str(tmp_path / "numbered.csv"), "target": "kind"}
    groups["resampling"]["stop"] = stop
    problem = problems.build(Recipe(groups, 0, str(tmp_path), 1))
    assert problem.evaluate(POINT).status == "ok"
    valid, test = predicted
    parts = [shown["train"], valid, test] + ([shown["stop"]] if stop == "inner" else [])
    assert sum(map(len, parts)) == 300
    assert set.union(*parts) == set(range(300))
    assert (shown["stop"] == valid) == (stop == "valid")


@pytest.mark.parametrize(("seeds", "expected"), [({"model": 7}, 7), ({"model": "seed"}, 5)])
def test_the_model_gets_its_seed_and_threads(tmp_path, monkeypatch, seeds, expected):
    given = []
    fit = toy.Toy.fit

    def noted(self, configuration, train, stop, seed, threads, step=None):
        given.append((seed, threads))
        return fit(self, configuration, train, stop, seed, threads)

    monkeypatch.setattr(toy.Toy, "fit", noted)
    changes = {f"seeds__{name}": value for name, value in seeds.items()}
    assert build(tmp_path, seed=5, threads=2, **changes).evaluate(POINT).status == "ok"
    assert given == [(expected, 2)]


@pytest.mark.parametrize("prediction", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_a_failure(tmp_path, monkeypatch, prediction):
    monkeypatch.setattr(toy.ToyFitted, "predict", lambda self, features: np.full((len(features), 3), prediction))
    evaluation = build(tmp_path).evaluate(POINT)
    assert (evaluation.status, evaluation.loss, evaluation.test_loss) == ("failed", None, None)
    assert "log_loss is nan" in evaluation.error


def test_a_model_that_exits_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(toy.Toy, "fit", lambda *_, **__: sys.exit(3))
    evaluation = build(tmp_path).evaluate(POINT)
    assert (evaluation.status, evaluation.error) == ("failed", "SystemExit: 3")


class OfNoKind(BaseException):
    pass


class Speechless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
        (FileNotFoundError(2, "No file", "weights.bin"), "FileNotFoundError: [Errno 2] No file: 'weights.bin'"),
        (TimeoutError("too slow"), "TimeoutError: too slow"),
        (ConnectionResetError(), "ConnectionResetError"),
        (MemoryError(), "MemoryError"),
        (ImportError("the driver is too old"), "ImportError: the driver is too old"),
        (GeneratorExit("closed"), "GeneratorExit: closed"),
        (OfNoKind("odd"), "OfNoKind: odd"),
        (Speechless(), "Speechless: (its message cannot be read: RuntimeError)"),
        (ValueError("\x1b[31mred\x1b[0m\udc80\x00\u202e" + "x" * 20_000_000), None),
    ],
)
def test_whatever_a_model_raises_is_its_outcome(tmp_path, monkeypatch, error, message):
    def fit(*_, **__):
        raise error

    monkeypatch.setattr(toy.Toy, "fit", fit)
    evaluation = build(tmp_path).evaluate(POINT)
    assert (evaluation.status, evaluation.loss) == ("failed", None)
    if message is None:
        assert evaluation.error.startswith(r"ValueError: red\udc80\x00\u202exxx")
        assert evaluation.error.endswith("(cut; 20,000,027 characters in all)")
        assert len(evaluation.error.encode()) <= 4096
    else:
        assert evaluation.error == message


def no_such_library():
    importlib.import_module("library_of_nobody")


def half_a_library():
    from json import nothing_of_this_name  # noqa: F401


@pytest.mark.parametrize("import_", [no_such_library, half_a_library])
def test_a_library_that_is_missing_or_broken_says_nothing_of_a_configuration(tmp_path, monkeypatch, import_):
    monkeypatch.setattr(toy.Toy, "fit", lambda *_, **__: import_())
    with pytest.raises(ImportError):
        build(tmp_path).evaluate(POINT)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UserError("mend it")])
def test_what_is_no_outcome_is_raised(tmp_path, monkeypatch, error):
    def fit(*_, **__):
        raise error

    monkeypatch.setattr(toy.Toy, "fit", fit)
    with pytest.raises(type(error)):
        build(tmp_path).evaluate(POINT)


class Unfit(dict):
    def __getitem__(self, key):
        raise RuntimeError("not to be read")


CYCLE: dict = {}
CYCLE["self"] = CYCLE


@pytest.mark.parametrize(
    ("details", "kept"),
    [
        ({"set": {1}, "bytes": b"\xff", "array": np.arange(2), "zero_d": np.array(0.5), "flag": np.bool_(True)},
         {"set": [1], "bytes": "b'\\xff'", "array": [0, 1], "zero_d": 0.5, "flag": True}),
        ({"nan": math.nan, 3: math.inf, "huge": 10**5000, "escape": "\x1b]0;x\x07"},
         {"nan": None, "3": None, "huge": "an integer of 16610 bits", "escape": r"\x1b]0;x\x07"}),
        (CYCLE, {"omitted": "nested more than 20 deep"}),
        ({"many": range(10**9)}, {"many": "range(0, 1000000000)"}),
        ({"many": [0] * 300_000}, {"omitted": "more than 200,000 values"}),
        ({str(i): "y" * 4000 for i in range(300)}, {"omitted": "more than 1,048,576 bytes of text"}),
        (["no mapping"], {"details": ["no mapping"]}),
    ],
)  # fmt: skip
def test_details_are_values_of_json_whatever_they_were(tmp_path, monkeypatch, details, kept):
    monkeypatch.setattr(toy.ToyFitted, "details", lambda self: details)
    evaluation = build(tmp_path).evaluate(POINT)
    assert evaluation.status == "ok"
    assert evaluation.details == kept | {"curve": [1.0, 0.5]}
    json.dumps(evaluation.details, allow_nan=False)


def test_details_that_cannot_be_read_are_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(toy.ToyFitted, "details", lambda self: Unfit(a=1))
    assert build(tmp_path).evaluate(POINT).error == "RuntimeError: not to be read"


def test_a_model_that_changes_its_configuration_changes_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(toy.Toy, "fit", lambda self, configuration, *_, **__: configuration.clear())
    point = dict(POINT)
    build(tmp_path).evaluate(point)
    assert point == POINT


def test_without_a_test_part_there_is_no_test_loss(tmp_path):
    evaluation = build(tmp_path, resampling__test=0, resampling__train=0.8).evaluate(POINT)
    assert evaluation.loss is not None
    assert evaluation.test_loss is None


def test_an_unknown_setting_is_named(tmp_path):
    with pytest.raises(UserError, match=r"model.settings.slep: unknown; allowed: .*did you mean sleep"):
        build(tmp_path, model__settings={"slep": 1})


class Shares:
    """Predicts the weighted class shares of its train part; remembers what it was shown."""

    revision, libraries, threads_matter = 1, ("numpy",), False

    def __init__(self, task, classes):
        self.classes, self.prepared, self.fitted = classes, [], []

    def prepare(self, train, stop, seed, threads):
        self.prepared.append((train, stop))

    def fit(self, configuration, train, stop, seed, threads, step=None):
        self.fitted.append((train, stop))
        if len(self.fitted) > configuration["n"] * 5:
            raise ValueError("enough of it")
        total = np.bincount(train.target, weights=train.weights, minlength=self.classes)
        shares = total / total.sum()
        return SimpleNamespace(
            predict=lambda features: np.tile(shares, (len(features), 1)), curve=[0.5], details=lambda: {"rounds": 1}
        )


def shares_on_folds(tmp_path, rows=300, **resampling):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"x": rng.normal(size=rows), "w": rng.integers(1, 5, rows), "g": rng.integers(0, 60, rows)}
    ).assign(kind=lambda frame: np.where(rng.random(rows) < 0.2 + 0.01 * frame["g"], "a", "b"))
    table.to_csv(tmp_path / "weighted.csv", index=False)
    groups = copy.deepcopy(GROUPS)
    file = OmegaConf.to_container(OmegaConf.load(conf_dir() / "dataset/file.yaml"))
    groups["dataset"] = file | {"path": str(tmp_path / "weighted.csv"), "target": "kind", "weight": "w", "group": "g"}
    groups["resampling"] = OmegaConf.to_container(OmegaConf.load(conf_dir() / "resampling/group.yaml")) | resampling
    groups["model"] |= {"class": f"{__name__}.Shares"}
    return problems.build(Recipe(groups, 0, str(tmp_path), 1)), table


@pytest.mark.parametrize("stop", ["valid", "inner"])
def test_the_loss_of_folds_is_their_mean_and_the_test_loss_that_of_the_averaged_predictions(tmp_path, stop):
    problem, table = shares_on_folds(tmp_path, stop=stop)
    evaluation = problem.evaluate({"x": 0.5, "n": 1})
    codes, weights = (table["kind"] == "b").to_numpy().astype(int), table["w"].to_numpy(dtype=float)
    losses, predictions = [], []
    for fold in problem.split.folds:
        shares = np.bincount(codes[fold.train], weights=weights[fold.train])
        predictions.append(shares / shares.sum())
        losses.append(np.average(-np.log(predictions[-1])[codes[fold.valid]], weights=weights[fold.valid]))
    assert len(set(np.round(losses, 9))) > 3
    assert evaluation.loss == pytest.approx(np.mean(losses))
    assert evaluation.details["fold_losses"] == pytest.approx(losses)
    assert evaluation.details["folds"] == [{"rounds": 1, "curve": [0.5]}] * 5
    test = problem.split.test
    expected = np.average(-np.log(np.mean(predictions, axis=0))[codes[test]], weights=weights[test])
    assert evaluation.test_loss == pytest.approx(expected)
    assert problem.baseline_loss == pytest.approx(evaluation.loss)  # which knows the shares too


def test_each_fold_is_prepared_once_and_its_parts_are_the_same_for_every_trial(tmp_path):
    problem, _ = shares_on_folds(tmp_path)
    for _ in range(2):
        assert problem.evaluate({"x": 0.5, "n": 2}).status == "ok"
    prepared, fitted = problem.model.prepared, problem.model.fitted
    assert len(prepared) == 5
    assert fitted == prepared * 2


def test_a_fold_that_fails_fails_the_trial_and_is_named(tmp_path):
    problem, _ = shares_on_folds(tmp_path, repeats=2)
    evaluation = problem.evaluate({"x": 0.5, "n": 1})
    assert (evaluation.status, evaluation.error) == ("failed", "fold 5: ValueError: enough of it")
    assert (evaluation.loss, evaluation.test_loss, len(evaluation.details["fold_losses"])) == (None, None, 5)


def test_weights_are_part_of_the_problem(tmp_path):
    problem, _ = shares_on_folds(tmp_path)
    groups = copy.deepcopy(dict(problem.recipe.groups))
    groups["dataset"]["weight"], groups["dataset"]["drop"] = None, ["w"]
    without = problems.build(Recipe(groups, 0, str(tmp_path), 1))
    assert without.split.content == problem.split.content
    assert without.hash != problem.hash
    assert without.evaluate({"x": 0.5, "n": 1}).loss != problem.evaluate({"x": 0.5, "n": 1}).loss


def test_a_target_of_counts_is_another_problem_than_the_same_as_quantities(tmp_path):
    (tmp_path / "visits.csv").write_text("x,visits\n" + "".join(f"{i * 37 % 101},{i % 30}\n" for i in range(300)))
    file = OmegaConf.to_container(OmegaConf.load(conf_dir() / "dataset/file.yaml"))
    built = []
    for task in ("counts", "regression"):
        groups = copy.deepcopy(GROUPS) | {"metric": {"name": "rmse"}}
        groups["model"] = OmegaConf.to_container(OmegaConf.load(conf_dir() / "model/lightgbm.yaml"))
        groups["dataset"] = file | {"path": str(tmp_path / "visits.csv"), "target": "visits", "task": task}
        built.append(problems.build(Recipe(groups, 0, str(tmp_path), 1)))
    counts, quantities = built
    point = counts.space.default()
    assert counts.dataset.content == quantities.dataset.content
    assert len({counts.hash, quantities.hash}) == len({counts.family, quantities.family}) == 2
    assert counts.key(point) != quantities.key(point)
    assert counts.evaluate(point).loss != quantities.evaluate(point).loss


LIGHTGBM = OmegaConf.to_container(OmegaConf.load(conf_dir() / "model/lightgbm.yaml"))


@pytest.mark.parametrize(("resampling", "folds"), [("holdout", 1), ("kfold", 3)])
def test_a_step_is_handed_to_every_training_and_may_end_it(tmp_path, resampling, folds):
    config = OmegaConf.to_container(OmegaConf.load(conf_dir() / f"resampling/{resampling}.yaml"))
    config |= {"k": folds} if folds > 1 else {}
    groups = copy.deepcopy(GROUPS) | {"model": LIGHTGBM, "resampling": config}
    problem = problems.build(Recipe(groups, 0, str(tmp_path), 1))
    numbers = []

    def step(number, loss):
        assert math.isfinite(loss)
        numbers.append(number)
        return number == 3

    ended = problem.evaluate(problem.space.default(), step)
    assert ended.status == "ok"
    assert numbers == [1, 2, 3] * folds
    whole = problem.evaluate(problem.space.default())
    details = [of.details["folds"] if folds > 1 else [of.details] for of in (ended, whole)]
    for stopped, full in zip(*details, strict=True):
        assert stopped["curve"] == full["curve"][:3]
        assert len(full["curve"]) > 3


def test_a_model_without_the_argument_step_is_trained_as_it_is(tmp_path, monkeypatch):
    class Simple(toy.Toy):
        def fit(self, configuration, train, stop, seed, threads):
            return super().fit(configuration, train, stop, seed, threads)

    monkeypatch.setattr(toy, "Simple", Simple, raising=False)
    assert build(tmp_path, model__class="toy.Simple").evaluate(POINT).status == "ok"


class NoModel:
    libraries, revision, threads_matter = ("numpy",), 1, False

    def __init__(self, task, classes):
        pass


class Modest(NoModel):
    def fit(self, *_): ...


class Whole(Modest):
    revision = 1.5


class Text(Modest):
    libraries = "numpy"


class Raises(Modest):
    @property
    def libraries(self):
        raise RuntimeError("\x1b[2J")


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (NoModel, "its objects have no 'fit'"),
        (Whole, "its revision is 1.5"),
        (Text, "its libraries is 'numpy'"),
        (Raises, r"its objects cannot be read: RuntimeError: \\x1b\[2J"),
    ],
)
def test_a_class_that_is_no_model_is_one_line(tmp_path, model, message):
    with pytest.raises(UserError, match=f"^model.class={__name__}.{model.__name__}: {message}; 'bench new model NAME'"):
        build(tmp_path, model__class=f"{__name__}.{model.__name__}", model__settings={})
    assert build(tmp_path, model__class=f"{__name__}.Modest", model__settings={}).model.revision == 1


def test_what_a_model_prepares_and_fails_at_is_an_outcome(tmp_path, monkeypatch):
    monkeypatch.setattr(toy.Toy, "prepare", lambda *_: 1 / 0, raising=False)
    assert build(tmp_path).evaluate(POINT).error == "ZeroDivisionError: division by zero"
