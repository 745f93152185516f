"""The documentation is true: commands run as they stand, choices and keys are those of conf/, links lead somewhere."""

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
import typer
import yaml
from commands import ROOT, bench
from pictures import leave_undrawn

from bench import __version__
from bench.cli import app

DOCS = {path.relative_to(ROOT).as_posix(): path.read_text() for path in [ROOT / "README.md", *ROOT.glob("docs/*.md")]}
CONF = ROOT / "conf"
SMALL = """# @package _global_
name: small_reference
hydra: {mode: MULTIRUN}
budget: {trials: 4, seconds: null}
blocks:
  - dataset: wine
    model: lightgbm
    model.settings.rounds: 5
    optimizer: [random, skopt_gp, optuna_tpe]
    seed: range(0,2)
"""
"""An experiment in the manner of the reference one that takes seconds."""

RUN_BY = {
    "README.md": "test_readme",
    "docs/compare.md": "test_docs",
    "docs/configuration.md": "test_docs",
    "docs/contributing.md": "cli/test_new",
    "docs/data.md": "test_readme",
    "docs/diamonds.md": "test_docs",
    "docs/drift.md": "problems/test_drift",
    "docs/engines.md": "test_readme",
    "docs/explain.md": "running/test_explain",
    "docs/fidelity.md": "running/test_clock",
    "docs/french_claims.md": "running/test_french_claims",
    "docs/functions.md": "problems/test_function",
    "docs/model.md": "running/test_fit",
    "docs/objectives.md": "running/test_objectives",
    "docs/reference.md": "test_reference",
    "docs/replay.md": "running/test_replaying",
    "docs/report.md": "test_readme",
    "docs/search.md": "running/test_explain",
}
"""Which file of tests runs the commands of each page's blocks."""


def block(page: str, language: str, after: str = "") -> str:
    """The first block of a language after a text."""
    text = DOCS[page]
    return re.search(rf"```{language}\n(.*?)```", text[text.index(after) :], flags=re.DOTALL)[1]


def commands(page: str) -> list[list[str]]:
    """The arguments of each `bench` command of a page's blocks, in order."""
    text = "".join(re.findall(r"```sh\n(.*?)```", DOCS[page], flags=re.DOTALL)).replace("\\\n", " ")
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [words[1:] for words in lines if words[:1] == ["bench"]]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


# --- commands -------------------------------------------------------------------------------------------------------


def test_every_page_with_commands_has_a_test_that_runs_them() -> None:
    assert {page for page, text in DOCS.items() if "```sh\n" in text} == set(RUN_BY)
    for page, test in RUN_BY.items():
        source = (ROOT / f"tests/{test}.py").read_text()
        assert page in source or Path(page).name in source, page


def test_every_command_in_a_sentence_has_a_verb_and_options_that_exist() -> None:
    verbs = typer.main.get_command(app.app).commands
    count = 0
    for page, text in DOCS.items():
        for span in re.findall(r"(?<!`)`(bench [^`]+)`(?!`)", text):
            for command in span.split("|")[:1]:
                words = shlex.split(command)[1:]
                verb = verbs[words[0]]
                if "commands" in vars(verb) and len(words) > 1:
                    verb = verb.commands[words[1]]
                options = {option for parameter in verb.params for option in parameter.opts}
                assert {word for word in words if word.startswith("--")} <= options, (page, span)
                count += 1
    assert count > 20


def test_every_make_target_of_the_pages_exists() -> None:
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    named = {name for text in DOCS.values() for name in re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)}
    assert {"bench", "test"} <= named <= set(targets)


@pytest.mark.slow
def test_the_commands_of_the_page_on_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    leave_undrawn(monkeypatch)
    write(Path("mine/experiment/trees.yaml"), block("docs/configuration.md", "yaml", "mine/experiment/trees.yaml"))
    for arguments in commands("docs/configuration.md"):
        if arguments == ["list", "optimizers"]:  # as cli/test_app does it
            continue
        cheap = ["engine.workers=1"] if arguments[0] == "run" else []
        assert bench(*arguments, *cheap) == 0, (arguments, capsys.readouterr().err)
    trials = pd.read_parquet("results/trees")
    runs = trials.groupby(["dataset", "model", "optimizer"], observed=True)["seed"].nunique().to_dict()
    assert runs == {
        **{(data, "lightgbm", name): 2 for data in ("breast_cancer", "wine") for name in ("random", "optuna_tpe")},
        ("wine", "random_forest", "random"): 2,
        **{(data, "lightgbm", "hyperopt_tpe"): 2 for data in ("breast_cancer", "wine")},
        ("wine", "random_forest", "hyperopt_tpe"): 2,
    }
    assert Path("results/small_trees/wine/lightgbm/random/0.parquet").is_file()
    assert not Path("results/sweep").exists()


def test_the_example_from_a_table_to_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's commands as they stand, on a few rows and with a few rounds."""
    monkeypatch.chdir(tmp_path)
    leave_undrawn(monkeypatch)
    rows = range(80)
    table = {"rownames": [row + 1 for row in rows], "carat": [row % 9 / 4 for row in rows]}
    table |= {"cut": ["Ideal", "Fair", "Good"] * 26 + ["Fair"] * 2, "price": [300 + row * 7 % 83 for row in rows]}
    pd.DataFrame(table).to_csv("diamonds.csv", index=False)
    for arguments in commands("docs/diamonds.md"):
        words = [word.replace("range(0,6)", "0,1").replace("trials=15", "trials=2") for word in arguments]
        cheap = ["engine.workers=1", "model.settings.rounds=5"] if words[0] == "run" else []
        assert bench(*words, *cheap) == 0, (words, capsys.readouterr().err)
        if words[0] == "data":
            assert "'dataset.types={rownames: ignore}' leaves it out" in capsys.readouterr().out
    assert {path.name for path in Path("final").iterdir()} == {path.name for path in Path("model").iterdir()}


@pytest.mark.slow
def test_a_new_optimiser_is_compared_with_stored_results_that_are_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's commands as they stand, but with a small experiment in the place of the reference one."""
    monkeypatch.chdir(tmp_path)
    leave_undrawn(monkeypatch)
    write(Path("mine/experiment/small_reference.yaml"), SMALL)
    write(Path("mine/hill.py"), block("README.md", "python", "`mine/hill.py`"))
    write(Path("mine/optimizer/hill.yaml"), block("README.md", "yaml", "`mine/optimizer/hill.yaml`"))
    assert bench("run", "--config-dir", "mine", "experiment=small_reference", "engine.workers=1") == 0
    stored = {path: path.read_bytes() for path in Path("results/small_reference").rglob("*.parquet")}
    assert len(stored) == 6
    Path("results/store.sqlite").unlink()  # as in a fresh clone, which has the tables alone
    capsys.readouterr()
    for words in commands("docs/compare.md"):
        arguments = [word.replace("otto_reference", "small_reference") for word in words]
        cheap = {"check": ["--examples", "2"], "run": ["engine.workers=1"]}.get(arguments[0], [])
        assert bench(*arguments, *cheap) == 0, capsys.readouterr()
        if "dry_run=true" in arguments:
            assert "2 runs: 0 done, 2 to do" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in Path("results/small_reference").rglob("*.parquet")} == stored
    assert len(list(Path("results/hill").rglob("*.parquet"))) == 2
    final = pd.read_csv("mine/reports/small_reference/tables/wine-lightgbm.csv")
    assert set(final["label"]) == {"random", "skopt_gp", "optuna_tpe", "hill"}
    assert not Path("reports").exists()


@pytest.mark.slow
def test_the_commands_on_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (inline,) = re.findall(r"`(bench run model\.space[^`]+) \.\.\.`", DOCS["docs/spaces.md"])
    small = ["budget.trials=2", "model.settings.rounds=5", "dataset=wine"]
    assert bench(*shlex.split(inline)[1:], *small) == 0
    elsewhere = [*small, "seed=1", f"store=sqlite:///{tmp_path}/other.sqlite"]
    assert bench("run", *elsewhere) == 0
    lines = re.findall(r"^\| `(bench store [^`]+)`", DOCS["docs/store.md"], flags=re.MULTILINE)
    assert [line.split()[2] for line in lines] == ["show", "export", "import", "prune"]
    for line in lines:
        assert bench(*shlex.split(line)[1:]) == 0, (line, capsys.readouterr().err)
    assert len(pd.read_parquet("all.parquet")) == 2


# --- choices, keys, links -------------------------------------------------------------------------------------------


def section(group: str) -> str:
    """What the page on configuration says of a group."""
    text = re.search(rf"^## {group}\n(.*?)(?=^## |\Z)", DOCS["docs/configuration.md"], flags=re.DOTALL | re.MULTILINE)
    assert text, group
    return text[1]


def test_every_group_has_a_section() -> None:
    groups = {path.name for path in CONF.iterdir() if path.is_dir()}
    headings = re.findall(r"^## (.+)$", DOCS["docs/configuration.md"], flags=re.MULTILINE)
    assert set(headings) == groups | {"Keys of no group"}


@pytest.mark.parametrize("group", sorted(path.name for path in CONF.iterdir() if path.is_dir()))
def test_every_choice_and_key_of_a_group_is_named(group: str) -> None:
    words = set(re.findall(r"[\w]+", section(group)))
    files = {path.stem: yaml.safe_load(path.read_text()) for path in (CONF / group).glob("*.yaml")}
    assert set(files) <= words, set(files) - words
    if group in ("engine", "experiment"):  # the one has its own page, the other the keys of no group
        return
    keys = {key for content in files.values() for key in content} - {"name", "description", "load"}
    assert keys <= words, keys - words


def test_every_key_of_no_group_is_named() -> None:
    keys = set(yaml.safe_load((CONF / "bench.yaml").read_text())) - {"defaults", "hydra"}
    assert keys - {"trial"} <= set(re.findall(r"\w+", section("Keys of no group")))
    assert "`trial.timeout`, `trial.memory`" in section("Keys of no group")


@pytest.mark.parametrize("page", sorted(DOCS))
def test_links_lead_to_files_and_headings_that_exist(page: str) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", DOCS[page]):
        file, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / file).resolve() if file else ROOT / page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), flags=re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, link


def test_the_readme_leads_to_every_page() -> None:
    assert {page for page in DOCS if page != "README.md" and f"({page})" not in DOCS["README.md"]} == set()


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == __version__
    assert citation["license"] == "MIT"
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
