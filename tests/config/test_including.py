"""A config that includes itself, and one that sets what is Hydra's own: one line that names the file."""

from pathlib import Path

import pytest
from commands import bench

GLOBAL = "# @package _global_\nname: mine\n"
FILES = {
    "optimizer/me.yaml": ("defaults: [me, _self_]\nname: me\n", "optimizer/me -> optimizer/me"),
    "optimizer/to.yaml": ("defaults:\n  - fro\n", "optimizer/to -> optimizer/fro -> optimizer/to"),
    "optimizer/fro.yaml": ("defaults:\n  - /optimizer: to\n", "optimizer/fro -> optimizer/to -> optimizer/fro"),
    "experiment/root.yaml": (f"{GLOBAL}defaults: [/bench]\n", "experiment/root -> bench"),
    "experiment/many.yaml": (f"{GLOBAL}defaults: [a0@x0, a0@y0]\n", "includes more than 50 files"),
    "experiment/text.yaml": (f"{GLOBAL}defaults: random\n", "defaults: expected a list"),
    "experiment/missing.yaml": (f"{GLOBAL}defaults: [gone]\n", "its 'defaults' name experiment/gone"),
    "experiment/folder.yaml": (f"{GLOBAL}hydra: {{run: {{dir: elsewhere}}, mode: RUN}}\n", "hydra.run: is a setting"),
    "experiment/log.yaml": (f"{GLOBAL}defaults: [override /hydra/job_logging: default]\n", "/hydra/job_logging: is a"),
    "experiment/sweeper.yaml": (f"{GLOBAL}defaults:\n  - override /hydra/sweeper: basic\n", "/hydra/sweeper: is a"),
    "experiment/packed.yaml": ("# @package hydra.sweep\ndir: elsewhere\n", "@package hydra.sweep: is a setting"),
    "experiment/lost.yaml": ("name: mine\n", "begin its file with the line '# @package _global_'"),
}


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, (content, _) in FILES.items():
        (tmp_path / "mine" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mine" / name).write_text(content)
    for i in range(12):
        inner = f"defaults: [a{i + 1}@x, a{i + 1}@y]\n" if i < 11 else "name: end\n"
        (tmp_path / f"mine/experiment/a{i}.yaml").write_text(inner)
    return tmp_path


@pytest.mark.parametrize(("name", "message"), [(name, message) for name, (_, message) in FILES.items()])
def test_it_is_one_line(mine: Path, capsys, name: str, message: str) -> None:
    group, _, file = name.removesuffix(".yaml").partition("/")
    before = set(mine.rglob("*"))
    assert bench("run", "--config-dir", "mine", "dataset=function", "model=branin", f"{group}={file}") == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1
    assert set(mine.rglob("*")) == before


def test_one_that_builds_on_the_suites_own_is_used(mine: Path) -> None:
    text = "defaults: [grid, _self_]\nname: coarse\nsettings: {levels: 2}\n"
    (mine / "mine/optimizer/coarse.yaml").write_text(text)
    text = f"{GLOBAL}defaults: [override /optimizer: coarse]\nhydra: {{mode: MULTIRUN}}\nblocks: [{{seed: '3,4'}}]\n"
    (mine / "mine/experiment/two.yaml").write_text(text)
    choices = ["experiment=two", "dataset=function", "model=branin", "budget.trials=2", "engine.workers=1"]
    assert bench("run", "--config-dir", "mine", *choices) == 0
    assert sorted(path.name for path in (mine / "results/mine/function/branin/coarse").iterdir()) == [
        "3.parquet",
        "4.parquet",
    ]
