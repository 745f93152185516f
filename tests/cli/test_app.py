"""The command's verbs, and bad input: one clear line, the right exit status, no traceback, nothing lost."""

import os
import re
import stat
import sys
from pathlib import Path

import pandas as pd
import pytest
import trials
import yaml
from commands import TOY, bench, bench_process, wait_for

from bench.results import RunId

RUN = ["run", *TOY, "budget.trials=2"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys, *arguments: object) -> str:
    """The one line with which the command refuses its arguments."""
    assert bench(*arguments) == 2
    captured = capsys.readouterr()
    messages = [line for line in captured.err.splitlines() if line]
    assert len(messages) == 1, captured.err
    assert messages[0].startswith("bench: ")
    assert "Traceback" not in captured.out + captured.err
    return messages[0]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("dataset=ottto", r"dataset=ottto: unknown dataset; allowed: .*otto.* \(did you mean otto\?\)"),
        ("model=lightgbn", r"model=lightgbn: unknown model; allowed: .*\(did you mean lightgbm\?\)"),
        ("optimizer=optuna", r"optimizer=optuna: unknown optimizer; allowed: .*optuna_cmaes, .*optuna_tpe"),
        ("experiment=deflaut", r"experiment=deflaut: unknown experiment; .*\(did you mean default\?\)"),
        ("budget.trails=3", r"budget.trails: no such key; allowed: .*\(did you mean trials\?\)"),
        ("budgt.trials=3", r"budgt.trials: no such key; allowed: .*\(did you mean budget\?\)"),
        ("sed=3", r"sed: no such key; allowed: .*\(did you mean seed\?\)"),
        ("budget.trials=0", r"budget.trials=0: expected a whole number from 1"),
        ("budget.trials=2.5", r"budget.trials=2.5: expected a whole number from 1"),
        ("budget.trials=null", r"budget: has no trials, cost or seconds"),
        ("budget.seconds=-1", r"budget.seconds=-1: expected a number greater than 0"),
        ("seed=-1", r"seed=-1: expected a whole number from 0"),
        ("seed=one", r"seed='one': expected a whole number from 0"),
        ("seed=99999999999999999999", r"expected a whole number from 0 to 2147483647"),
        ("name=store.sqlite", r"name='store.sqlite': is the store's file"),
        ("seeds.split=x", r"seeds.split='x': expected a whole number from 0 .*or the word seed"),
        ("threads=0", r"threads=0: expected a whole number from 1"),
        ("name=../up", r"name='../up': expected letters, digits"),
        ("name=a/b", r"name='a/b': expected letters, digits"),
        ("optimizer.name=a/b", r"optimizer.name='a/b': expected letters, digits"),
        ("name=", r"name='': expected letters, digits"),
        ("optimizer=random,grid", r"optimizer=random,grid: several values are a sweep; add -m"),
        ("seed=range(0,3)", r"seed=range\(0,3\): several values are a sweep; add -m"),
        ("hydra.mode=RUN,MULTIRUN", r"hydra.mode=RUN,MULTIRUN: expected one of RUN and MULTIRUN"),
        ("store=nonsense", r"store='nonsense': not an SQLAlchemy URL"),
        ("optimizer.class=nothing", r"optimizer.class='nothing': expected a dotted path"),
        ("optimizer.class=no_such_module.X", r"no module named 'no_such_module'; put its file beside"),
        ("optimizer.class=bench.optimizers.random_search.Rando", r"has no 'Rando'; allowed: .*RandomSearch"),
        ("+optimizer.settings.x=1", r"optimizer.settings.x: unknown; allowed: replace"),
        ("+model.settings.slep=1", r"model.settings.slep: unknown; allowed: .*did you mean sleep"),
        ("model.space.x.low=5", r"space.x: low=5.0 is greater than high=1.0"),
        ("model.space.x.type=flaot", r"space.x.type='flaot': unknown type; .*did you mean float"),
        ("+model.space.x.lg=true", r"space.x.lg: unknown key"),
        ("resampling.test=0.9", r"resampling: train \+ valid \+ test = .*must sum to 1"),
        ("metric=rmse", r"metric.* rmse"),
        ("dataset=openml", r"dataset.id: missing"),
        ("dataset=file", r"dataset.path: missing"),
        ("name=${nothing}", r"nothing"),
        ("x", r"x.*"),
    ],
)
def test_a_bad_override_gets_one_line(capsys, folder, override, message):
    assert re.search(message, refused(capsys, *RUN, override))
    assert not (folder / "results" / "scratch").exists() or not list((folder / "results/scratch").rglob("*.parquet"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rnu"], r"no such command 'rnu' \(did you mean 'run'\?\); 'bench --help' shows the commands$"),
        (["fit", "mine"], r"missing option '--out'; 'bench fit --help' shows the options$"),
        (["store", "show", "--nosuch"], r"no such option: --nosuch; 'bench store show --help' shows the options$"),
        (["run", "--wrong"], r"[Nn]o such option: --wrong"),
        (["report"], r"[Mm]issing argument"),
        (["report", "nothing"], r"experiment 'nothing': no finished run in results/nothing"),
        (["status", "nothing"], r"experiment 'nothing': nothing in results"),
        (["best", "nothing"], r"experiment 'nothing': no finished run"),
        (["list", "optimisers"], r"optimisers: unknown group; allowed: .*\(did you mean optimizer\?\)"),
        (["run", "--config-dir", "nowhere"], r"--config-dir=nowhere: no such folder"),
        (["run", "-m", *TOY, "engine.workers=0"], r"engine.workers=0: expected a whole number from 1"),
        (["run", "-m", *TOY, "seed=interval(0,1)"], r"only lists, choice\(...\) and range\(...\) can be swept"),
    ],
)
def test_wrong_arguments_get_one_line(capsys, arguments, message):
    assert re.search(message, refused(capsys, *arguments))


@pytest.mark.parametrize("verb", ["report", "best", "verify", "status"])
def test_an_experiment_without_a_finished_run_is_not_suggested_for_itself(capsys, folder, verb):
    (folder / "results/begun").mkdir(parents=True)
    assert "begun" not in refused(capsys, verb, "begin").partition("results")[2].replace("results/begin", "")
    for run in (RunId("done", "d", "m", "o", 0), RunId("other", "d", "m", "o", 0)):
        trials.put(folder / "results", run, [1.0])
    line = refused(capsys, verb, "begun")
    assert "did you mean" not in line
    assert "done, other" in line
    assert verb == "status" or "'bench status begun' shows where its runs stand" in line
    assert "(did you mean done?)" in refused(capsys, verb, "dome")
    assert "experiment 'aaa" in refused(capsys, verb, "a" * 300)
    assert "experiment 'a\\x00b'" in refused(capsys, verb, "a\0b")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("x,y\n1,a\n2,b\n", r"'z'.*columns|no column 'z'|target.*'z'"),
        ("x,z\n" + "1,a\n" * 9, r"one class only"),
        ("x,z\n1,a\n2,\n3,b\n4,a\n5,b\n", r"missing values"),
        ("", r"empty"),
        ("x,z\n", r"no rows"),
        ("x,z\n" + "1,a\n2,b\n" * 9 + "3,rare\n", r"class 'rare' has 1 row, and"),
    ],
)
def test_a_bad_file_gets_one_line(capsys, folder, content, expected):
    Path("data.csv").write_text(content)
    message = refused(capsys, *RUN, "dataset=file", "dataset.path=data.csv", "dataset.target=z")
    assert re.search(expected, message)
    assert "data.csv" in message or "dataset" in message


def test_broken_yaml_of_ones_own(capsys, folder):
    (folder / "mine/dataset").mkdir(parents=True)
    (folder / "mine/dataset/broken.yaml").write_text("name: [x\n")
    assert "not valid YAML" in refused(capsys, "run", "--config-dir", "mine", "dataset=broken")


def test_best_refuses_to_compare_losses_of_different_problems(capsys):
    assert bench("run", *TOY, "budget.trials=3", "name=mix") == 0
    assert bench("run", *TOY, "budget.trials=3", "name=mix", "seed=1", "metric=error") == 0
    capsys.readouterr()
    assert "on different problems" in refused(capsys, "best", "mix")


def test_best_without_a_test_part_and_with_paired_seeds(capsys):
    without = ["resampling.test=0", "resampling.train=0.8", "budget.trials=2"]
    assert bench("run", *TOY, *without, "seeds=paired", "name=b") == 0
    assert bench("run", *TOY, *without, "seeds=paired", "name=b", "seed=1") == 0
    capsys.readouterr()
    assert bench("best", "b") == 0
    out = capsys.readouterr().out
    assert ", test" not in out
    assert "validation log loss" in out
    assert "each seed has a split of its own" in out


def test_a_missing_file_is_named(capsys):
    assert "gone.csv" in refused(capsys, *RUN, "dataset=file", "dataset.path=gone.csv", "dataset.target=z")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_results_folder_that_cannot_be_written(capsys, folder):
    (folder / "results").mkdir()
    (folder / "results").chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert "results" in refused(capsys, *RUN)


def test_a_results_folder_that_cannot_be_made(capsys, folder):
    (folder / "results").write_text("a file is in the way")
    assert "results" in refused(capsys, *RUN)


def test_a_store_that_is_no_database(capsys, folder):
    (folder / "results").mkdir()
    (folder / "results/store.sqlite").write_text("nonsense " * 1000)
    assert "not a database; move the file away" in refused(capsys, *RUN)


def test_help_of_every_verb(capsys):
    assert bench("--help") == 0
    verbs = re.findall(r"^  (\w+)  ", capsys.readouterr().out.partition("Commands:")[2], re.MULTILINE)
    assert set(verbs) == {
        "run",
        "report",
        "status",
        "best",
        "fit",
        "import",
        "pack",
        "control",
        "explain",
        "export",
        "check",
        "new",
        "list",
        "store",
        "stream",
        "doctor",
        "data",
        "verify",
    }
    for verb in verbs:
        assert bench(verb, "--help") == 0
        assert "Usage:" in capsys.readouterr().out
    assert bench() in (0, 2)
    assert bench("--version") == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", capsys.readouterr().out.rpartition("Commands")[2][-6:])


@pytest.mark.parametrize("verb", [[], ["store"], ["export"], ["stream"]])
def test_every_summary_of_a_listing_is_shown_whole_at_80_columns(capsys, monkeypatch, verb):
    monkeypatch.setenv("COLUMNS", "80")
    assert bench(*verb, "--help") == 0
    listing = capsys.readouterr().out.partition("Commands:\n")[2]
    summaries = dict(re.findall(r"^  (\w+) +(\S.*)$", listing, re.MULTILINE))
    assert len(summaries) == len(listing.strip().splitlines())  # a line each
    for name, summary in summaries.items():
        assert summary.endswith(".")
        assert not summary.endswith("...")
        assert bench(*verb, name, "--help") == 0
        paragraph = capsys.readouterr().out.split("\n\n")[1]
        assert " ".join(paragraph.split()) == summary  # all of it, and not its beginning


def test_list_names_everything_with_a_line(capsys):
    assert bench("list") == 0
    out = capsys.readouterr().out
    groups = re.findall(r"^(\w+)$", out, re.MULTILINE)
    assert set(groups) >= {"dataset", "model", "optimizer", "experiment", "resampling", "metric", "seeds", "budget"}
    entries = re.findall(r"^  (\S+)  +(\S.*)$", out, re.MULTILINE)
    assert len(entries) == out.count("\n") - len(groups)


def test_list_optimizers_says_what_each_can_express_and_what_it_approximates(capsys, folder, monkeypatch):
    (folder / "mine/optimizer").mkdir(parents=True)
    (folder / "mine/needing.py").write_text("import submitit.of.nobody\n\n\nclass It: ...\n")
    (folder / "mine/raising.py").write_text("def it(space, seed, budget):\n    raise OSError('no room')\n")
    for name, path in (("needing", "needing.It"), ("raising", "raising.it")):
        (folder / f"mine/optimizer/{name}.yaml").write_text(f"name: {name}\nclass: {path}\n")
    monkeypatch.setitem(sys.modules, "submitit", None)
    assert bench("list", "optimizers", "--config-dir", "mine") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "optimizer"
    entries, name = {}, ""
    for line in lines:
        if line.startswith("   "):
            entries[name] += " " + line.strip()
        else:
            name = line.strip()
            entries[name] = ""
    assert {"random", "skopt_gp", "optuna_cmaes", "default"} < set(entries)
    assert all(re.search("library: |not available: ", entry) for entry in entries.values())
    assert re.search(r"library: scikit-optimize 0\.10\.\d, ", entries["skopt_gp"])
    # Integer(1, 8): the ends have 1/14 each instead of 1/8, and the six between 1/7.
    assert (
        "approximate: int as Integer(1, 8, 'uniform'), 0.11 from its distribution (total variation)"
        in entries["skopt_gp"]
    )
    assert "exact distributions: float, float_log, float_logit, categorical, conditional" in entries["skopt_gp"]
    assert "takes no results of configurations that it did not propose" in entries["optuna_cmaes"]
    assert "exact distributions: all" in entries["random"]
    assert "chooses the fidelity of each evaluation" in entries["random_sha"]
    assert entries["optuna_tpe_median"].endswith("; ends evaluations early")
    assert entries["optuna_tpe_wilcoxon"].endswith("; ends evaluations early, fold by fold")
    assert "not installed; pip install 'hpo-compare[slurm]'" in entries["needing"]
    assert "not available: building it raised OSError: no room" in entries["raising"]


def test_best_is_yaml_that_runs_again(capsys, folder):
    assert bench("run", *TOY, "budget.trials=12", "name=b") == 0
    capsys.readouterr()
    assert bench("best", "b") == 0
    out = capsys.readouterr().out
    trials = pd.read_parquet("results/b")
    row = trials.loc[trials["loss"].idxmin()]
    assert yaml.safe_load(out) == yaml.safe_load(row["configuration"])
    assert f"validation log loss {row['loss']:.6g}, test log loss {row['test_loss']:.6g}" in out
    assert f"random, seed 0, trial {row['trial']}" in out


def test_status_counts_runs_and_tells_failures(capsys, folder):
    assert bench("run", *TOY, "budget.trials=3", "name=s") == 0
    assert bench("run", *TOY, "budget.trials=9", "name=s", "seed=1", "optimizer.class=toy.Raising") == 1
    capsys.readouterr()
    assert bench("status", "s") == 0
    out = capsys.readouterr().out
    assert "1 done, 0 running, 1 failed, 0 interrupted" in out
    assert "s/wine/toy/random/1: trial 3: the optimizer raised in ask: RuntimeError: no more ideas" in out
    Path("results/store.sqlite").unlink()
    assert bench("status", "s") == 0
    assert "1 finished runs" in capsys.readouterr().out


def measured(experiment: str) -> float:
    """The mean seconds of an evaluation; each of them slept for 0.05."""
    seconds = pd.read_parquet(f"results/{experiment}")["evaluate_seconds"].mean()
    assert seconds > 0.05
    return seconds


def test_dry_run_changes_nothing_and_estimates_from_what_was_measured(capsys, folder):
    assert bench("run", "-m", *TOY, "seed=0,1", "budget.trials=4", "dry_run=true") == 0
    out = capsys.readouterr().out
    assert "2 runs: 0 done, 2 to do" in out
    assert "no evaluation measured yet" in out
    assert not list(Path().rglob("*.parquet"))
    assert bench("run", *TOY, "budget.trials=4", "+model.settings.sleep=0.05") == 0
    capsys.readouterr()
    sweep = ["run", "-m", *TOY, "+model.settings.sleep=0.05", "seed=0,1,2", "budget.trials=4", "dry_run=true"]
    assert bench(*sweep) == 0
    out = capsys.readouterr().out
    assert "3 runs: 1 done, 2 to do" in out
    seconds = float(re.search(r"8 x ([\d.]+) s", out)[1])
    assert seconds == pytest.approx(measured("scratch"), rel=0.1)


def test_without_a_store_a_dry_run_estimates_from_the_tables_of_the_same_problem(capsys, folder):
    slow = [*TOY, "+model.settings.sleep=0.05", "budget.trials=4"]
    assert bench("run", *slow, "name=theirs") == 0
    Path("results/store.sqlite").unlink()
    capsys.readouterr()
    assert bench("run", *slow, "optimizer=grid", "name=mine", "dry_run=true") == 0
    seconds = re.search(r"4 x ([\d.]+) s \(as in theirs\)", capsys.readouterr().out)[1]
    assert float(seconds) == pytest.approx(measured("theirs"), rel=0.1)
    for other in ("model.settings.sleep=0.06", "metric=error", "resampling.test=0.3"):
        assert bench("run", *slow, "name=mine", "dry_run=true", other) == 0
        assert "no evaluation measured yet" in capsys.readouterr().out, other
    Path("results/theirs/wine/toy/random/0.parquet").write_bytes(b"cut off")
    assert bench("run", *slow, "name=mine", "dry_run=true") == 0
    assert "no evaluation measured yet" in capsys.readouterr().out


def test_a_missing_library_is_one_line_and_a_failed_run(capsys, folder):
    (folder / "needs.py").write_text("import torch_of_nobody\n\nclass It: ...\n")
    message = refused(capsys, *RUN, "optimizer.class=needs.It")
    assert "needs the package 'torch_of_nobody', which is not installed; pip install it" in message
    sys.modules.pop("needs", None)


def test_a_value_that_is_not_hydras_grammar_is_told_how_to_be_quoted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert bench("run", "dataset=file", "dataset.target=price (EUR)") == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "dataset.target='price (EUR)'" in message


def test_status_of_a_sweep_under_way_says_its_pace_and_what_went_wrong(capsys, folder):
    sweep = ["run", "-m", *TOY, "optimizer=random", "name=s", "budget.trials=30"]
    sweep += ["+model.settings.sleep=0.05", "+model.settings.fail_above=0.8"]
    assert bench(*sweep, "seed=0") == 0
    process = bench_process(*sweep, "seed=range(1,4)", "engine.workers=1", cwd=folder)

    def pace() -> re.Match[str] | None:
        capsys.readouterr()
        assert bench("status", "s") == 0
        line = r"(\d+) trials, \d+ % from the store, ([\d.]+) a minute, about .* left for the runs begun"
        return re.search(line, capsys.readouterr().out)

    paces: list[re.Match[str] | None] = []
    wait_for(lambda: paces.append(pace()) or paces[-1], process, every=0.5)
    assert 30 < int(paces[-1][1]) < 120
    assert 0 < float(paces[-1][2]) < 1300  # of trials that sleep 0.05 s; test_status has how it is computed
    assert process.wait(timeout=600) == 0
    capsys.readouterr()
    assert bench("status", "s") == 0
    out = capsys.readouterr().out
    failed = pd.read_parquet("results/s").query("status == 'failed'")
    assert len(failed) > 3
    assert re.search(r"^\d+ trials failed: ValueError: x=", out, re.MULTILINE)
    assert "a minute" not in out
