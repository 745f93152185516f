"""An installed package that brings configs by an entry point: found by every verb alike, and stopping none."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pandas as pd
import pytest
from commands import ROOT, bench_process

from bench.config import catalogue, folders

OPTIMIZER = """
from pathlib import Path

from bench.optimizers.random_search import RandomSearch

Path("imported").touch()


class Theirs(RandomSearch):
    def __init__(self, space, seed, budget, depth=1):
        super().__init__(space, seed + depth, budget)
"""

FILES = {
    "theirs/__init__.py": "",
    "theirs/search.py": OPTIMIZER,
    "theirs/conf/optimizer/theirs.yaml": "name: theirs\ndescription: what they do\nclass: theirs.search.Theirs\n"
    "settings: {depth: 2}\n",
    "theirs/conf/optimizer/random.yaml": "name: random\ndescription: in the suite's place\nclass: theirs.search.No\n",
    "theirs/conf/model/bowl.yaml": "name: bowl\nfunction: theirs.bowl.bowl\n"
    "space: {x: {type: float, low: -1.0, high: 1.0, default: 0.5}}\n",
    "theirs/bowl.py": "def bowl(configuration):\n    return configuration['x'] ** 2\n",
    "theirs/conf/experiment/bowls.yaml": "# @package _global_\ndescription: theirs against random search\nname: bowls\n"
    "hydra: {mode: MULTIRUN}\nbudget: {trials: 4, seconds: null}\n"
    "blocks:\n  - {dataset: function, model: bowl, optimizer: [theirs, random]}\n",
    "bare/__init__.py": "raise ImportError('not to be imported')\n",
    "their_hpo-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: their-hpo\nVersion: 1.0\n",
    "their_hpo-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "their_hpo-1.0.dist-info/entry_points.txt": "[hpo_compare.plugins]\ntheirs = theirs\nbare = bare\n"
    "gone = gone.away\n",
}

WARNINGS = [
    "bench: warning: plug-in bare: 'bare' has no folder conf; it is left out",
    "bench: warning: plug-in gone: no module named 'gone.away'; it is left out",
    "bench: warning: plug-in theirs: optimizer/random.yaml is left out: the suite has one of this name",
]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, as pip installs it from a wheel."""
    folder = tmp_path_factory.mktemp("plugin")
    wheel = folder / "their_hpo-1.0-py3-none-any.whl"
    record = "their_hpo-1.0.dist-info/RECORD"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
        archive.writestr(record, "".join(f"{name},,\n" for name in [*FILES, record]))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*pip, "--target", str(folder / "site"), str(wheel)], check=True, capture_output=True)
    return folder / "site"


def output(installed: Path, cwd: Path, *arguments: str) -> tuple[str, list[str]]:
    """What a real process of the command prints, and the lines that it complains in."""
    path = os.pathsep.join([str(installed), str(ROOT)])
    process = bench_process(*arguments, cwd=cwd, PYTHONPATH=path)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out, [line for line in err.splitlines() if line.startswith("bench: ")]


def test_it_is_listed_without_being_imported(installed: Path, tmp_path: Path) -> None:
    out, complaints = output(installed, tmp_path, "list")
    lines = [line.split(maxsplit=1) for line in out.splitlines()]
    assert ["theirs", "what they do"] in lines
    assert ["bowls", "theirs against random search"] in lines
    assert "in the suite's place" not in out
    assert complaints == WARNINGS
    assert not list(tmp_path.iterdir())


def test_hydra_composes_it(installed: Path, tmp_path: Path) -> None:
    _, complaints = output(
        installed, tmp_path, "run", "optimizer=theirs", "dataset=function", "model=branin", "budget.trials=3"
    )
    assert complaints == WARNINGS
    assert (tmp_path / "imported").exists()
    assert len(pd.read_parquet(tmp_path / "results/scratch/function/branin/theirs/0.parquet")) == 3


def test_its_experiment_sweeps_its_model_and_its_optimiser(installed: Path, tmp_path: Path) -> None:
    output(installed, tmp_path, "run", "experiment=bowls", "engine.workers=1")
    trials = pd.read_parquet(tmp_path / "results/bowls")
    assert trials.groupby(["model", "optimizer"], observed=True).size().to_dict() == {
        ("bowl", "theirs"): 4,
        ("bowl", "random"): 4,
    }


def test_it_is_checked_as_the_suites_own(installed: Path, tmp_path: Path) -> None:
    out, complaints = output(installed, tmp_path, "check", "theirs", "--examples", "1", "--trials", "3", "--limit", "0")
    assert out.startswith("theirs (theirs.search.Theirs): ")
    assert complaints == WARNINGS


@pytest.fixture
def fresh() -> Iterator[None]:
    """Plug-ins are looked for once in a process."""
    folders.plugins.cache_clear()
    yield
    folders.plugins.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_a_module_in_a_package_has_the_folder_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("outer/inner/configs.py", "outer/__init__.py", "alone.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("raise ImportError\n")
    (tmp_path / "outer/inner/conf/budget").mkdir(parents=True)
    (tmp_path / "outer/inner/conf/budget/tiny.yaml").write_text("name: tiny\ntrials: 2\nseconds: null\n")
    (tmp_path / "mine/budget").mkdir(parents=True)
    for name in ("tiny", "hour", "my_own"):
        (tmp_path / f"mine/budget/{name}.yaml").write_text(f"name: {name}\ntrials: 7\nseconds: null\n")
    monkeypatch.syspath_prepend(tmp_path)
    values = ("outer.inner.configs", "outer.inner", "outer.other", "alone")
    entries = [metadata.EntryPoint(f"p{i}", value, folders.GROUP) for i, value in enumerate(values)]
    monkeypatch.setattr(metadata, "entry_points", lambda group: entries if group == folders.GROUP else [])

    usable, unusable = folders.plugins()
    assert [folder.path for folder in usable] == 2 * [tmp_path / "outer/inner/conf"]
    assert [line.partition(":")[0] for line in unusable] == ["plug-in p2", "plug-in p3"]
    assert {"tiny", "trials50"} <= set(catalogue.names("budget"))
    mine = tmp_path / "mine"
    assert catalogue.config("budget", "tiny", mine)["trials"] == 2
    assert catalogue.config("budget", "hour", mine)["trials"] is None  # the suite's own
    assert catalogue.config("budget", "my_own", mine)["trials"] == 7
    assert [line for line in catalogue.warnings(mine) if "p2" not in line and "p3" not in line] == [
        "plug-in p1: budget/tiny.yaml is left out: plug-in p0 has one of this name",
        f"--config-dir={mine}: budget/hour.yaml is left out: the suite has one of this name",
        f"--config-dir={mine}: budget/tiny.yaml is left out: plug-in p0 has one of this name",
    ]
