"""What a user installs: the wheel in a clean environment, what it needs, and the checkout's own make targets."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
import yaml
from commands import ROOT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MAKEFILE = (ROOT / "Makefile").read_text()
RF = "bench.optimizers.smac_facades.RandomForest"


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "BENCH_"))}
    return subprocess.run(command, cwd=cwd, env=inherited | environment, capture_output=True, text=True, check=False)


def output(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = run(*command, cwd=cwd, **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


EXTRAS = {extra: list(map(Requirement, lines)) for extra, lines in PROJECT["optional-dependencies"].items()}


def requirements(*extras: str) -> set[str]:
    """What is installed with some extras; an extra may name others of the suite's own."""
    every = [Requirement(line) for line in PROJECT["dependencies"]]
    every += [requirement for extra in extras for requirement in EXTRAS[extra]]
    others = {extra for requirement in every if requirement.name == PROJECT["name"] for extra in requirement.extras}
    names = {canonicalize_name(requirement.name) for requirement in every} - {PROJECT["name"]}
    return names | (requirements(*others) if others else set())


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    output(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, ROOT, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a new environment that has the wheel and what it needs, and nothing else.

    What it needs, by the metadata of what is installed here, is linked from here, byte code and all: to unpack it again
    takes half a minute. pip then installs the wheel, and whatever should be lacking.
    """
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)  # the pip of this environment serves the other too
    for name in closure(PROJECT["dependencies"]):
        link(metadata.distribution(name), Path(sysconfig.get_path("purelib", vars={"base": str(folder)})))
    install = ["install", "--quiet", "--no-compile", "--constraint", ROOT / "constraints.txt"]
    output(*pip(folder / "bin"), *install, wheel, cwd=folder)
    return folder / "bin"


def closure(lines: Iterable[str], extra: str = "") -> set[str]:
    """The distributions that requirements bring, directly and through others."""
    names: set[str] = set()
    waiting = [(line, extra) for line in lines]
    done = set(waiting)
    while waiting:
        line, extra = waiting.pop()
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            names.add(canonicalize_name(requirement.name))
            for more in metadata.requires(requirement.name) or ():
                new = {(more, each) for each in (requirement.extras or {""})} - done
                waiting += new
                done |= new
    return names


def link(distribution: metadata.Distribution, site: Path) -> None:
    for file in distribution.files or ():
        if ".." in file.parts:
            continue  # a program, or data that no import reads
        source = Path(str(distribution.locate_file(file)))
        cached = Path(importlib.util.cache_from_source(str(source))) if source.suffix == ".py" else source
        for path in {source, cached}:
            target = site / path.relative_to(Path(str(distribution.locate_file(""))))
            if path.exists() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(path, target)
                except OSError:  # on another file system
                    shutil.copy2(path, target)


def pip(programs: Path) -> list[str | Path]:
    """The command that manages another environment."""
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", programs / "python"]


@pytest.mark.slow
def test_the_wheel_has_the_package_its_configs_and_hydras_plugin_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    configs = {f"bench/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "conf").rglob("*.yaml")}
    endings = {".py", ".css", ".html", ".js"}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "bench").rglob("*") if path.suffix in endings}
    rest = {name for name in names if ".dist-info/" not in name and not name.endswith(".pyc")}
    plugins = {path.relative_to(ROOT).as_posix() for path in (ROOT / "hydra_plugins").glob("*.py")}
    assert configs | sources | plugins | {"bench/py.typed"} <= rest
    assert len(plugins) == 1
    assert {name.partition("/")[0] for name in rest} == {"bench", "hydra_plugins"}
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


@pytest.mark.slow
def test_the_wheel_works_from_an_empty_folder(clean: Path, tmp_path: Path) -> None:
    where = output(clean / "python", "-c", "import bench; print(bench.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(clean.parent)
    assert "digits" in output(clean / "bench", "list", cwd=tmp_path)
    assert "Usage" in output(clean / "python", "-m", "bench", "--help", cwd=tmp_path)
    assert output(clean / "hpo-compare", "list", cwd=tmp_path) == output(clean / "bench", "list", cwd=tmp_path)
    assert not list(tmp_path.iterdir())

    small = ("dataset=wine", "budget.trials=2", "model.settings.rounds=5", "engine.workers=1")
    output(clean / "bench", "run", "-m", *small, "optimizer=random,hyperopt_tpe", "seed=1", "name=two", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["results"]
    tables = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.parquet")}
    assert tables == {
        "results/two/wine/lightgbm/random/1.parquet",
        "results/two/wine/lightgbm/hyperopt_tpe/1.parquet",
    }
    output(clean / "bench", "report", "two", cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reports", "results"]


@pytest.mark.slow
def test_the_clean_environment_is_the_tested_one(clean: Path, tmp_path: Path) -> None:
    lines = output(*pip(clean), "list", "--format=freeze", cwd=tmp_path).splitlines()
    installed = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    for own in ("pip", "setuptools", "wheel", "hpo-compare"):
        installed.pop(own, None)
    tested = constraints()
    assert installed == {name: tested.get(name) for name in installed}
    assert requirements() <= installed.keys()
    assert not {"hypothesis", "jax", "jaxlib", "keras"} & installed.keys()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "message"),
    [
        (
            "run dataset=wine model=keras_mlp budget.trials=1",
            "the Keras MLP needs the package 'keras', which is not installed; pip install 'hpo-compare[keras]'",
        ),
        (
            "run dataset=wine model=xgboost budget.trials=1",
            "model xgboost: needs the package 'xgboost', which is not installed; pip install 'hpo-compare[xgboost]'",
        ),
        (
            "run dataset=wine optimizer=smac_rf budget.trials=1",
            f"optimizer.class={RF}: needs the package 'smac', which is not installed; pip install 'hpo-compare[smac]'",
        ),
        (
            "check random",
            "bench check needs the package 'hypothesis', which is not installed; pip install 'hpo-compare[check]'",
        ),
    ],
)
def test_what_an_extra_would_bring_is_one_line(clean: Path, tmp_path: Path, command: str, message: str) -> None:
    done = run(clean / "bench", *command.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"bench: {message}\n"


@pytest.mark.slow
def test_without_extras_every_optimiser_is_listed_and_the_machine_described(clean: Path, tmp_path: Path) -> None:
    listing = re.sub(r"\n +(?=\S)", " ", output(clean / "bench", "list", "optimizers", cwd=tmp_path))
    needed = re.findall(
        r"class=bench.optimizers.(\w+)\S* needs the package [^;]*; pip install 'hpo-compare\[(\w+)\]'", listing
    )
    assert set(needed) == {
        ("ax_client", "ax"),
        ("botorch_gp", "botorch"),
        ("botorch_nehvi", "botorch"),
        ("botorch_turbo", "botorch"),
        ("dehb_brackets", "dehb"),
        ("nevergrad_optimizers", "nevergrad"),
        ("optuna_gp", "torch"),
        ("pymoo_nsga2", "pymoo"),
        ("ray_asha", "ray"),
        ("smac_facades", "smac"),
        ("smac_multifidelity", "smac"),
        ("smac_parego", "smac"),
    }
    assert "Traceback" not in listing
    described = output(clean / "bench", "doctor", "--offline", cwd=tmp_path)
    assert "keras without jax, keras" in described
    assert "check without hypothesis" in described


# What it needs


def test_every_library_that_the_package_imports_is_declared() -> None:
    modules = set()
    for path in [*(ROOT / "bench").rglob("*.py"), *(ROOT / "hydra_plugins").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                modules.add(node.module.partition(".")[0])
    distributions = metadata.packages_distributions()
    declared = requirements(*(extra for extra in PROJECT["optional-dependencies"] if extra != "dev"))
    undeclared = {
        module
        for module in modules - sys.stdlib_module_names - {"bench", "hydra_plugins"}
        if not declared & {canonicalize_name(name) for name in distributions.get(module, [module])}
    }
    assert not undeclared


def test_constraints_are_names_and_versions_of_everything_needed() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9a-z.]*", line)] == []
    names = [canonicalize_name(line.partition("==")[0]) for line in lines]
    assert names == sorted(set(names))
    assert requirements("dev", "postgresql", "nevergrad", "ray", "slurm", "smac") <= set(names)
    assert not [name for name in names if re.match("torch|nvidia|tensorflow", name)]


def test_a_version_is_bounded_the_same_wherever_it_is() -> None:
    every = [Requirement(line) for line in PROJECT["dependencies"]]
    always = {canonicalize_name(requirement.name) for requirement in every}
    every += [requirement for extra in EXTRAS.values() for requirement in extra]
    bounds: dict[str, set[str]] = {}
    for requirement in every:
        bounds.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    assert {name: found for name, found in bounds.items() if len(found) > 1} == {}
    assert not always & {canonicalize_name(r.name) for extra in EXTRAS.values() for r in extra}
    users = {canonicalize_name(r.name) for extra, lines in EXTRAS.items() if extra != "dev" for r in lines}
    assert not users & {canonicalize_name(requirement.name) for requirement in EXTRAS["dev"]}  # it names extras instead


def test_what_tests_import_comes_with_dev() -> None:
    """Except PyTorch, TensorFlow and what needs them, whose tests are skipped where they are not there; Pillow and
    Requests come with what draws and downloads.
    """
    own = [path for folder in ("tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    local = {path.parent.name if path.stem == "__init__" else path.stem for path in own}
    without = {"torch", "botorch", "gpytorch", "ax", "tensorflow", "PIL", "requests"}
    modules = set()
    for path in own:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    foreign = modules - sys.stdlib_module_names - local - without - {"bench", "hydra_plugins"}
    distributions = metadata.packages_distributions()
    brought = requirements("dev")
    lacking = {
        module
        for module in foreign
        if not brought & {canonicalize_name(name) for name in distributions.get(module, [module])}
    }
    assert {"hypothesis", "smac"} <= foreign
    assert not lacking


def test_make_installs_keras_for_its_experiment_and_dev_for_the_tests() -> None:
    recipes = dict(
        re.findall(r"^\.venv/(\.installed[a-z-]*):.*?--editable '([^']+)'", MAKEFILE, re.MULTILINE | re.DOTALL)
    )
    assert recipes == {".installed": ".[keras]", ".installed-dev": ".[dev]"}
    models = {block["model"] for block in yaml.safe_load((ROOT / "conf/experiment/default.yaml").read_text())["blocks"]}
    assert "keras_mlp" in models


# The command and the checkout


def test_make_help_names_every_target() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)
    assert {"install", "bench", "test", "test-all", "report", "lint", "perf", "clean", "help"} <= set(phony.split())
    shown = output("make", cwd=ROOT)
    assert shown == output("make", "help", cwd=ROOT)
    assert set(re.findall(r"^  ([a-z-]+) +\S", shown, re.MULTILINE)) == set(phony.split())


@pytest.mark.parametrize(("status", "reports"), [(0, True), (1, True), (2, False), (130, False)])
def test_make_bench_does_the_experiment_and_reports_what_finished(status: int, reports: bool, tmp_path: Path) -> None:
    """With a command in the place of bench that writes down how it was called, and ends a run with `status`."""
    recorder = tmp_path / "recorder"
    recorder.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/calls"\n[ "$1" = run ] && exit {status}\nexit 0\n')
    recorder.chmod(0o755)
    command = ["make", "bench", f"BENCH={recorder}", "EXPERIMENT=otto", "ARGS=threads=1", "--old-file=.venv/.installed"]
    done = run(*command, cwd=ROOT)
    assert (done.returncode == 0) == (status == 0), done.stderr
    expected = ["run experiment=otto threads=1"] + ["report otto"] * reports
    assert (tmp_path / "calls").read_text().splitlines() == expected


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("./old", "Python 3.11, 3.12 or 3.13 is needed; ./old is Python 3.9.1. Name another with: make PYTHON="),
        ("./none", "no ./none here; name one with: make PYTHON="),
    ],
)
def test_a_python_that_cannot_serve_is_told_in_one_line(python: str, message: str, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"  # with a space in its name
    folder.mkdir()
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (folder / name).write_text((ROOT / name).read_text())
    (folder / "old").write_text('#!/bin/sh\n[ "$1" = -c ] && exit 1\necho Python 3.9.1\n')
    (folder / "old").chmod(0o755)
    done = run("make", "install", f"PYTHON={python}", cwd=folder)
    assert done.returncode != 0
    assert not done.stdout
    line, make = done.stderr.splitlines()
    assert line.startswith(message)
    assert make.startswith("make:")
    assert not (folder / ".venv").exists()


def test_the_changelog_says_what_is_not_released_yet() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", heading) for heading in headings[1:])


def test_hooks_are_local_and_are_the_commands_of_make_lint() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    recipe = MAKEFILE.partition("\nlint:")[2].partition("\n\n")[0]
    for hook in repositories[0]["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].replace(" --force-exclude", "") in recipe
