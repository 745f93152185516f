"""The registry of kinds: which kind a config is of, and that a further one needs no change elsewhere."""

from types import SimpleNamespace

import pytest

from bench import problems
from bench.errors import UserError
from bench.problems import Recipe, building, function, trained

NOWHERE = {"name": "function", "load": None}
GROUPS = {"dataset": NOWHERE, "resampling": {"name": "holdout"}, "metric": {"name": "auto"}, "seeds": {"model": 0}}
BRANIN = {"name": "branin", "function": "bench.functions.branin", "space": {}}


def test_a_function_is_one_and_all_else_is_trained_on_data() -> None:
    assert building.kind(GROUPS | {"model": BRANIN}) is function
    assert building.kind(GROUPS | {"model": {"name": "m", "class": "bench.models.lightgbm.LightGBM"}}) is trained
    assert building.kind(GROUPS | {"model": {"name": "m"}}) is trained
    assert problems.relevant(GROUPS | {"model": BRANIN})["seeds"] == {}


@pytest.mark.parametrize(
    ("model", "dataset", "message"),
    [
        (BRANIN, {"name": "wine", "load": "x.y"}, "^dataset=wine: model=branin is a function, which has no data; set "),
        ({"name": "m", "class": "x.Y"}, NOWHERE, "^dataset=function: holds no data, and model=m is trained on some; "),
        ({"name": "m"}, NOWHERE, "^model.class: missing; "),
        (BRANIN | {"class": "x.Y"}, NOWHERE, "^model.class: stands beside model.function; "),
    ],
)
def test_data_and_model_must_belong_together(model: dict, dataset: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        problems.check(GROUPS | {"model": model, "dataset": dataset})


def test_a_further_kind_is_registered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(groups: dict) -> None:
        if groups["model"]["table"] == "none":
            raise UserError("model.table: none")

    recorded = SimpleNamespace(
        loads=False,
        chosen=lambda groups: "table" in groups["model"],
        check=refuse,
        relevant=lambda groups: {"model": groups["model"]},
        build=lambda recipe, dataset: ("a problem of", recipe.groups["model"]["table"], dataset),
    )
    monkeypatch.setattr(building, "KINDS", (recorded, *building.KINDS))
    groups = GROUPS | {"model": {"name": "m", "table": "losses.csv"}}
    assert problems.relevant(groups) == {"model": groups["model"]}
    for make in (problems.build, problems.shared):
        assert make(Recipe(groups, 0, "nowhere", 1)) == ("a problem of", "losses.csv", None)
    with pytest.raises(UserError, match=r"model\.table: none"):
        problems.build(Recipe(GROUPS | {"model": {"name": "m", "table": "none"}}, 0, "", 1))
