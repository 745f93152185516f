"""The house: which rooms there are, on which floor each stands, what may import what, and names that go on working."""

import ast
import importlib
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator

from commands import ROOT

PACKAGE = ROOT / "bench"

FLOORS = (
    "cli",
    "api stream",
    "engines conformance",
    "running",
    "store tracking",
    "problems report",
    "models optimizers datasets results",
    "space config metrics",
    "provenance checks",
    "wording errors files",
    "texts",
)
"""From top to bottom; a room imports from floors below its own, and from the rooms of its own floor named below."""

LEVEL = {("config", "space")}
"""Pairs of one floor of which the first may import the second."""

ALIASES = {
    "functions": "problems.known_functions",
    "catalogue": "config.catalogue",
    "components": "config.components",
    "space_yaml": "space.parsing",
}
"""Files that only re-export, as configs, stored results or users' files name them."""

NAMES = """
catalogue.names cli.main components.locate conformance.check conformance.subject datasets.bundled.breast_cancer
datasets.bundled.diabetes datasets.bundled.digits datasets.bundled.wine datasets.file.load
datasets.french_claims.load
datasets.lightgbm_regression.load datasets.loading.load datasets.mnist.load datasets.openml_source.load
datasets.otto.load engines.local.execute engines.ray.execute engines.slurm.execute functions.ackley
functions.branin functions.hartmann6 functions.levy functions.rosenbrock models.Part models.Step
models.keras_backend.load models.keras_mlp.KerasMLP models.lightgbm.LightGBM models.saved.FittedModel
models.saved.load models.scikit_learn.Estimator running.fit.fit
models.xgboost.XGBoost optimizers.Declaration optimizers.Exhausted optimizers.ax_client.Ax
optimizers.botorch_gp.GaussianProcess optimizers.botorch_turbo.TuRBO optimizers.cmaes_catcma.CatCMA
optimizers.cmaes_restarts.BIPOP optimizers.cmaes_restarts.IPOP optimizers.default.Default
optimizers.grid_search.GridSearch optimizers.hyperopt_atpe.AdaptiveTPE optimizers.hyperopt_fmin.Anneal
optimizers.hyperopt_fmin.Random optimizers.hyperopt_tpe.TPE optimizers.nevergrad_optimizers.Nevergrad
optimizers.optuna_gp.GaussianProcess optimizers.optuna_samplers.CMAES optimizers.optuna_samplers.QMC
optimizers.optuna_samplers.TPE optimizers.random_search.RandomSearch optimizers.scikit_learn.Sampler
optimizers.scikit_optimize.Forest optimizers.scikit_optimize.GaussianProcess
optimizers.smac_facades.GaussianProcess optimizers.smac_facades.RandomForest report.build.build space.Space
space.to_json space_yaml.parse
"""
"""What stored results, configs, documentation and users' files name."""


def rooms() -> set[str]:
    return {p.stem for p in PACKAGE.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists()}


def imports() -> Iterator[tuple[str, str]]:
    """Each module of the package with each module of it that it imports, wherever in its text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "templates" in path.parts:
            continue
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "bench":
                for alias in node.names:
                    inner = ROOT / f"{node.module}.{alias.name}".replace(".", "/")
                    there = inner.with_suffix(".py").exists() or inner.is_dir()
                    yield module, f"{node.module}.{alias.name}" if there else node.module
            elif isinstance(node, ast.Import):
                yield from ((module, alias.name) for alias in node.names if alias.name.split(".")[0] == "bench")


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """A way that leads back to where it began; empty where there is none."""
    done: set[str] = set()

    def follow(room: str, way: list[str]) -> list[str]:
        if room in way:
            return [*way[way.index(room) :], room]
        if room in done:
            return []
        found = next(filter(None, (follow(other, [*way, room]) for other in sorted(arrows[room]))), [])
        done.add(room)
        return found

    return next(filter(None, (follow(room, []) for room in sorted(arrows))), [])


def test_the_first_level_has_the_rooms_of_the_plan_and_no_others() -> None:
    planned = {room for floor in FLOORS for room in floor.split()} | set(ALIASES) | {"__init__", "__main__"}
    assert rooms() <= planned
    assert planned - rooms() <= {"api", "stream", "tracking"}  # to come


def test_every_import_leads_down() -> None:
    floor = {room: number for number, names in enumerate(FLOORS) for room in names.split()}
    upward = set()
    for module, other in imports():
        mine, theirs = (name.split(".")[1] if "." in name else "" for name in (module, other))
        if not mine or not theirs or mine == theirs or mine in (*ALIASES, "__main__"):
            continue
        assert theirs not in ALIASES, f"{module} imports {other}, which is there for others"
        if floor[theirs] <= floor[mine] and (mine, theirs) not in LEVEL:
            upward.add(f"{module} -> {other}")
    assert not upward


def test_there_is_no_circle_of_files() -> None:
    arrows = defaultdict[str, set[str]](set)
    for module, other in imports():
        if module != other and not module.startswith(f"{other}."):  # a package's own first file names its parts
            arrows[module].add(other)
    assert not circle(arrows)


def test_there_is_no_circle_of_the_reports_folders() -> None:
    arrows = defaultdict[str, set[str]](set)
    for module, other in imports():
        ends = [name.split(".")[2] for name in (module, other) if name.startswith("bench.report.")]
        if len(ends) == 2 and ends[0] != ends[1]:
            arrows[ends[0]].add(ends[1])
    assert not circle(arrows)


def test_optimisers_know_no_problem_and_the_report_no_model() -> None:
    walls = {
        "bench.optimizers": ("bench.problems", "bench.models", "bench.datasets", "bench.results", "bench.store"),
        "bench.report": ("bench.problems", "bench.models", "bench.datasets", "bench.optimizers", "bench.store"),
    }
    through = [
        (module, other)
        for module, other in imports()
        for side, beyond in walls.items()
        if module.startswith(side) and other.startswith(beyond)
    ]
    assert not through


def test_aliases_are_one_line_each() -> None:
    for name, target in ALIASES.items():
        _, *code = ast.parse((PACKAGE / f"{name}.py").read_text()).body
        assert [ast.unparse(line) for line in code] == [f"from bench.{target} import *"]


def test_names_that_others_hold_go_on_working() -> None:
    missing = []
    for name in NAMES.split():
        module, _, attribute = f"bench.{name}".rpartition(".")
        try:
            found = getattr(importlib.import_module(module), attribute, None)
        except ModuleNotFoundError as error:  # an extra that is not there
            found = str if not str(error.name).startswith("bench") else None
        missing += [] if callable(found) else [name]
    assert not missing


def test_importing_the_package_and_showing_help_import_nothing_numeric() -> None:
    heavy = "{'numpy', 'pandas', 'hydra', 'sklearn', 'matplotlib', 'optuna', 'pydantic', 'sqlalchemy'}"
    code = f"""
import sys, atexit
atexit.register(lambda: print("heavy:", *{heavy} & set(sys.modules)))
from bench import cli
sys.argv = ["bench", "--help"]
cli.main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: " in done.stdout
    assert done.stdout.splitlines()[-1].split() == ["heavy:"]
