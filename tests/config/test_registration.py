"""What the suite brings is registered once: its config, its class and pyproject.toml say all that others need."""

import ast
from collections import defaultdict
from importlib import metadata

import pytest
import yaml
from commands import ROOT

from bench.config import extras
from bench.report.look.style import KNOWN

WORDS = {
    "random": "what every optimiser is measured against",
    "default": "a key of a parameter",
    "fixed": "a key of a fitted model's card",
    "file": "a key of what is recorded of a dataset",
    "function": "a key of a model",
    "lightgbm": "a library",
    "xgboost": "a library",
    "nevergrad": "a library",
    "openml": "a library",
    "random_distinct": "what a control of a small space is measured against",
    "recorded": "a key of a model, and of what is recorded of a run",
    "replay": "a key of a model, and of what is recorded of a run",
}
"""Names of configs that mean something else in the code."""


def test_no_code_holds_a_list_of_configs() -> None:
    """Each dataset's own file may name its folder; what a stream is tuned by where nothing is said is the lecture's."""
    names = {
        path.stem for group in ("dataset", "model", "optimizer") for path in (ROOT / "conf" / group).glob("*.yaml")
    }
    named = defaultdict[str, set[str]](set)
    for path in (ROOT / "bench").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and node.value in names - set(WORDS) - {path.stem}:
                named[str(node.value)].add(path.relative_to(ROOT).as_posix())
    assert len(names) > 50
    assert dict(named) == {"hyperopt_tpe": {"bench/stream/retuning.py"}}


def test_looks_are_those_of_the_configs() -> None:
    looks = {path.stem: yaml.safe_load(path.read_text())["look"] for path in (ROOT / "conf/optimizer").glob("*.yaml")}
    assert {name: (style.color, style.marker) for name, style in KNOWN.items()} == {
        name: (look["color"], look["marker"]) for name, look in looks.items()
    }
    assert KNOWN["skopt_gp"].dash == "-"
    assert looks["skopt_gp"]["line"] == "solid"


REQUIRES = [
    "numpy>=2.0",
    "ax-platform>=1.3; extra == 'ax'",
    "torch>=2.4; extra == 'ax'",
    "gpytorch>=1.14; extra == 'botorch'",
    "torch>=2.4; extra == 'botorch'",
    "hypothesis>=6; extra == 'dev'",
    'psycopg[binary]>=3.2; extra == "postgresql"',
    "ConfigSpace>=1.2; extra == 'smac'",
    "torch>=2.4; extra == 'torch'",
    "xgboost-cpu>=3.0; sys_platform != 'darwin' and extra == 'xgboost'",
    "xgboost>=3.0; sys_platform == 'darwin' and extra == 'xgboost'",
]


@pytest.mark.parametrize(
    ("module", "path", "what"),
    [
        ("ConfigSpace", "bench.optimizers.smac_facades.RandomForest", "'hpo-compare[smac]'"),
        ("torch", "bench.optimizers.optuna_gp.GaussianProcess", "'hpo-compare[torch]'"),
        ("torch", "bench.optimizers.ax_client.Ax", "'hpo-compare[ax]'"),
        ("torch.nn", "", "'hpo-compare[torch]'"),
        ("gpytorch", "", "'hpo-compare[botorch]'"),
        ("psycopg", "", "'hpo-compare[postgresql]'"),
        ("xgboost", "", "'hpo-compare[xgboost]'"),
        ("ax", "", "'hpo-compare[ax]'"),
        ("hypothesis", "", "it"),
        ("numpy", "", "it"),
        ("of_nobody", "mine.torch.It", "it"),
    ],
)
def test_the_extra_that_brings_a_package(monkeypatch: pytest.MonkeyPatch, module: str, path: str, what: str) -> None:
    monkeypatch.setattr(metadata, "requires", lambda _: REQUIRES)
    expected = f"needs the package {module!r}, which is not installed; pip install {what}"
    assert extras.missing(module, path) == expected


def test_a_suite_that_was_not_installed_names_the_package_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", none)
    assert extras.requirements() == {}
    assert extras.missing("smac").endswith("pip install it")
