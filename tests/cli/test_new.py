"""`bench new`: what it writes works at once, and its test notices where not; the page that tells of it is true."""

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest
from commands import ROOT, bench

from bench.cli import new
from bench.conformance.rules import RULES

CHEAP = {"check": ["--examples", "2"], "run": ["model.settings.rounds=5"]}
"""What is added to a command, so that it takes less time; rounds are LightGBM's."""

PAGE = (ROOT / "docs/contributing.md").read_text()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own_tests(*names: str) -> subprocess.CompletedProcess[str]:
    """The written tests in a process of their own, as a contributor starts them."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    files = [f"mine/test_{name}.py" for name in names]
    return subprocess.run([*command, *files], capture_output=True, text=True, check=False)


def own_module(name: str) -> ModuleType:
    """The written test, imported into this process."""
    spec = importlib.util.spec_from_file_location(name, f"mine/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def failures(name: str) -> list[str]:
    """Which functions of the written test fail."""
    failing = []
    for function, test in vars(own_module(f"test_{name}")).items():
        if function.startswith("test_"):
            try:
                test()
            except AssertionError:
                failing.append(function)
    return failing


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert bench("new", *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize("kind", new.KINDS)
def test_three_files_are_written_that_say_their_name(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    assert bench("new", kind, "two_words") == 0
    written = sorted(path.as_posix() for path in Path("mine").rglob("*") if path.is_file())
    assert written == [f"mine/{kind}/two_words.yaml", "mine/test_two_words.py", "mine/two_words.py"]
    text = "".join(Path(path).read_text() for path in written)
    assert f"my_{kind}" not in text
    assert f"My{kind.capitalize()}" not in text
    assert ("class TwoWords" in text) == (kind != "dataset")
    out = capsys.readouterr().out
    assert all(f"wrote {path}" in out for path in written)
    assert f"bench run --config-dir mine dataset={'two_words' if kind == 'dataset' else 'wine'}" in out
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--select=E,F,UP,B,D1", "--line-length=120", "mine"]
    done = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.exhaustive  # of these commands the page below has all but the names
@pytest.mark.parametrize("kind", new.KINDS)
def test_what_was_written_works_at_once(capsys: pytest.CaptureFixture[str], kind: str) -> None:
    """The very commands that `bench new` names as the next ones."""
    assert bench("new", kind, f"own_{kind}") == 0
    commands = [shlex.split(line) for line in capsys.readouterr().out.partition("next:\n")[2].splitlines()]
    assert [command[0] for command in commands] == ["bench"] * (len(commands) - 1) + ["pytest"]
    for command in commands[:-1]:
        cheap = CHEAP[command[1]] if kind != "model" else []
        assert bench(*command[1:], *cheap) == 0, capsys.readouterr().err
    trials = pd.read_parquet("results/scratch")
    assert len(trials) == 20
    assert (trials["status"] == "ok").all(), trials["error"].dropna().tolist()
    assert f"own_{kind}" in set(trials[kind])
    assert len(set(trials["loss"])) > 1
    done = own_tests(f"own_{kind}")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("kind", "name", "right", "wrong"),
    [
        ("optimizer", "unseeded_search", "np.random.default_rng(seed)", "np.random.default_rng()"),
        ("model", "unseeded_model", "np.random.default_rng(seed)", "np.random.default_rng()"),
        ("model", "improper_model", "near.sum(axis=1, keepdims=True)", "near.sum()"),
        ("dataset", "unseeded_data", "np.random.default_rng(0)", "np.random.default_rng()"),
    ],
)
def test_the_written_test_notices_what_is_broken(
    monkeypatch: pytest.MonkeyPatch, kind: str, name: str, right: str, wrong: str
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert bench("new", kind, name) == 0
    path = Path(f"mine/{name}.py")
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    assert failures(name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["optimiser", "x"],
            r"optimiser: cannot be made; allowed: optimizer, model, dataset \(did you mean opt",
        ),
        (["optimizer", "my-tpe"], r"my-tpe: is no name for a class's file; expected letters, digits and '_'"),
        (["optimizer", "2x"], r"2x: is no name"),
        (["model", "class"], r"class: is no name"),
        (["optimizer", "../up"], r"../up: is no name"),
        (["optimizer", "optuna_tpe"], r"optuna_tpe: the suite's own optimizer has this name"),
        (["dataset", "wine"], r"wine: the suite's own dataset has this name"),
        (["optimizer", "numpy"], r"numpy: an installed module of this name"),
        (["model", "random"], r"random: an installed module of this name"),
        (["optimizer"], r"[Mm]issing argument"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(
    capsys: pytest.CaptureFixture[str], folder: Path, arguments: list[str], message: str
) -> None:
    assert re.search(message, refused(capsys, *arguments))
    assert not list(folder.iterdir())


@pytest.mark.parametrize("there", ["mine/a_walk.py", "mine/optimizer/a_walk.yaml", "mine/test_a_walk.py"])
def test_nothing_is_overwritten(capsys: pytest.CaptureFixture[str], folder: Path, there: str) -> None:
    Path(there).parent.mkdir(parents=True)
    Path(there).write_text("precious")
    assert f"{there}: is there already" in refused(capsys, "optimizer", "a_walk")
    assert Path(there).read_text() == "precious"
    assert [path.name for path in folder.rglob("*") if path.is_file()] == [Path(there).name]


def test_a_folder_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine").write_text("a file is in the way")
    assert "mine" in refused(capsys, "optimizer", "a_walk")


def test_another_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("new", "model", "a_walk", "--folder", "else/where") == 0
    assert Path("else/where/model/a_walk.yaml").exists()
    assert "--config-dir else/where" in capsys.readouterr().out


# docs/contributing.md


@pytest.mark.slow
def test_every_command_of_the_page_works(capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL))
    commands = [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]
    assert {tuple(command[:2]) for command in commands} >= {("bench", verb) for verb in ("new", "check", "run", "list")}
    written = []
    for command in commands:
        if command[0] == "pytest":
            written.append(Path(command[1]).stem.removeprefix("test_"))
            continue
        if command[1:3] == ["list", "optimizers"]:  # as test_app does it
            continue
        cheap = [] if "model=my_kernel" in command else CHEAP.get(command[1], [])
        if "-m" in command:
            cheap = ["budget.trials=2", "seed=0,1", "engine.workers=1"]
        capsys.readouterr()
        assert bench(*command[1:], *cheap) == 0, (command, capsys.readouterr().err)
        if command[1] == "new":
            named = capsys.readouterr().out.partition("next:\n")[2].splitlines()
            assert {line for line in named if f"{line} " not in text and f"{line}\n" not in text} == set()
    assert written == ["my_search", "my_kernel", "my_moons"]
    done = own_tests(*written)
    assert done.returncode == 0, done.stdout
    trials = pd.read_parquet("results/first")
    assert (trials["status"] == "ok").all(), trials["error"].dropna().tolist()
    runs = trials.groupby(["dataset", "model", "optimizer"], observed=True)["loss"].agg(["size", "nunique"])
    assert {"my_search", "my_kernel", "my_moons"} <= {name for run in runs.index for name in run}
    assert (runs["size"] == 20).all()
    assert (runs["nunique"] > 1).all()


def test_the_page_names_every_rule() -> None:
    table = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert table == [rule.name for rule in RULES]
