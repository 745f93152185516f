"""A space is held against its model when it is read: before a trial, in a dry run, and with no data at all."""

from pathlib import Path

import pytest
from commands import bench

from bench.errors import UserError
from bench.problems import searched

SPACE = {"x": {"type": "float", "low": 0.0, "high": 1.0}}
LIGHTGBM = {"class": "bench.models.lightgbm.LightGBM", "settings": {"rounds": 3}}
MODEL = """
class Particular:
    revision, libraries, threads_matter = 1, (), False
    def __init__(self, task, classes): pass
    def check_space(self, space, features=None):
        {body}
    def fit(self, *arguments):
        raise SystemExit("a trial was begun")
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write a model of one's own, whose `check_space` has this body; in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def write(body: str) -> list[str]:
        name = f"particular_{len(list(tmp_path.glob('*.py')))}"
        (tmp_path / f"{name}.py").write_text(MODEL.format(body=body))
        (tmp_path / "model").mkdir(exist_ok=True)
        space = "space: {alpha: {type: int, low: 1, high: 3}}"
        (tmp_path / f"model/{name}.yaml").write_text(f"name: {name}\nclass: {name}.Particular\n{space}\n")
        return ["run", "--config-dir", ".", f"model={name}", "budget.trials=2", f"name={name}"]

    return write


@pytest.mark.parametrize("more", [["dataset=wine", "dry_run=true"], ["dataset=wine"]])
def test_what_a_model_says_of_its_space_comes_before_the_first_trial(own, more, capsys):
    command = own("from bench.errors import UserError; raise UserError('space.alpha: is not read')")
    assert bench(*command, *more) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "bench: space.alpha: is not read"
    assert not list(Path().glob("results/**/*.parquet"))
    command = own("return ['space.alpha: has no effect here']")
    assert bench(*command, *more) == 0
    captured = capsys.readouterr()
    assert (captured.out + captured.err).count("warning: model=particular_1: space.alpha: has no effect here\n") == 1
    command = own("return 1 / 0")
    assert bench(*command, *more) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("bench: model.class=particular_2.Particular: its check_space raised ZeroDivisionError")


def test_a_model_without_a_check_has_no_warnings():
    assert searched.check(object(), "mine.Model", None) == ()


def test_without_data_only_what_holds_for_every_task_counts():
    share = {"type": "float", "low": 0.1, "high": 0.9}
    lines = searched.check_without_data(LIGHTGBM | {"space": {"pos_bagging_fraction": share, "drop_rate": share}})
    assert [line.partition(":")[0] for line in lines] == ["space.pos_bagging_fraction", "space.drop_rate"]
    fixed = LIGHTGBM | {"settings": {"parameters": {"bagging_freq": 1}}}  # it is of use where there are two classes
    assert searched.check_without_data(fixed | {"space": {"pos_bagging_fraction": share}}) == ()
    with pytest.raises(UserError, match=r"^space.drop_rat: LightGBM has no such parameter"):
        searched.check_without_data(LIGHTGBM | {"space": {"drop_rat": share}})
    with pytest.raises(UserError, match=r"^model.settings.parameters.drop_rat: LightGBM has no such parameter"):
        searched.check_without_data(LIGHTGBM | {"space": SPACE, "settings": {"parameters": {"drop_rat": 1}}})
