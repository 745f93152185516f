"""The conformance suite: every optimiser passes it, and each way of breaking the contract fails its own rule."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest
import yaml
from adapters import NAMES, classes, in_part, one_each
from commands import bench, bench_process
from drawing import ALL

from bench import conformance
from bench.config.components import locate
from bench.conformance.drawing import cases
from bench.conformance.rules import RULES
from bench.conformance.spaces import FIXED, Case, bowl
from bench.conformance.suite import Check
from bench.errors import UserError
from bench.running.clock import OnClock
from bench.running.trial_loop import Trials
from bench.space import Categorical, Float, to_json


def checks(name: str, **options: object) -> dict[str, Check]:
    """What the suite says of a class of tests/support/broken.py."""
    subject = conformance.Subject(name, f"broken.{name}", multi_fidelity=name.startswith("Laddered"))
    return {check.name: check for check in conformance.check(subject, **({"examples": 8, "trials": 15} | options))}  # type: ignore[arg-type]


def failed(results: dict[str, Check]) -> dict[str, str]:
    return {name: str(check) for name, check in results.items() if check.status == "FAIL"}


# Every optimiser of the suite.

SLOW = {"botorch_gp": 5, "botorch_qnehvi": 5, "botorch_turbo": 22, "hyperopt_tpe": 22, "optuna_gp": 12, "skopt": 11}
SLOW |= {"ax": 6, "hyperopt_atpe": 5, "nevergrad": 13, "smac": 5}
"""Trials on one space of those that take hundredths of a second to a second for each, the last by their model.

Five at least, as the rule `other_seeds` asks for.
"""

LADDERED = [name for names in classes(multi_fidelity=True).values() for name in names]
"""Those that know fidelities."""
IN_SHORT = {"dehb", "optuna_tpe_wilcoxon", "random_sha"}
"""Of these what `make test` tries: the others have the code of one of them, with another pruner or a model."""

DESIGN = {"n_configs": 4, "max_ratio": 1.0}
SETTINGS: dict[str, dict[str, Any]] = {
    "botorch_gp": {"initial": 4, "num_restarts": 2, "raw_samples": 32},
    "botorch_qnehvi": {"initial": 4, "num_restarts": 2, "raw_samples": 32},
    "botorch_turbo": {"candidates": 200},
    "optuna_nsga2": {"population_size": 8},
    "optuna_nsga3": {"population_size": 8},
    "pymoo_nsga2": {"pop_size": 8},
    "smac_parego": {"initial_design": DESIGN, "acquisition_maximizer": {"challengers": 100}},
    "smac_gp": {"initial_design": DESIGN, "acquisition_maximizer": {"challengers": 100}},
    "smac_rf": {"initial_design": DESIGN, "acquisition_maximizer": {"challengers": 100}},
    "smac_multifidelity": {"initial_design": DESIGN, "acquisition_maximizer": {"challengers": 100}},
}
"""With which few trials reach the model, and take less time."""

ALIKE = {"ties", "tiny", "huge", "negative", "vast", "timed", "open", "several"}
"""Rules that `bench check` and `make test-all` try on the slow ones too, and `make test` does not."""


def options(name: str) -> dict[str, Any]:
    """How much of the suite is tried here, so that all optimisers take minutes of one core and not twenty."""
    for start, count in SLOW.items():
        if name.startswith(start):
            rules = RULES if ALL else [rule for rule in RULES if rule.name not in ALIKE]
            return {"examples": 1, "trials": count + 3 * ALL, "limit": 0.0, "rules": rules}
    if name in LADDERED and not ALL:
        return {"examples": 1, "trials": 15, "limit": 0.0, "rules": RULES}
    return {"examples": 2, "trials": 25, "limit": 0.1 if ALL else 0.03, "rules": RULES}


@pytest.mark.parametrize("name", [*one_each(NAMES), *(in_part(name, name in IN_SHORT, id=name) for name in LADDERED)])
def test_every_optimiser_passes(name: str) -> None:
    subject = conformance.subject(name)
    subject = replace(subject, settings={**subject.settings, **SETTINGS.get(name, {})})
    try:
        locate("optimizer.class", subject.path)
    except UserError as missing:
        if "which is not installed; pip install 'hpo-compare[" not in str(missing):
            raise
        pytest.skip(str(missing))
    chosen = options(name)
    results = list(conformance.check(subject, **chosen))
    assert not [str(check) for check in results if check.status == "FAIL"]
    assert [check.name for check in results] == [rule.name for rule in chosen["rules"]] + ["seconds"]
    few = {check.name for check in results if "fewer than five" in check.tried}
    assert not few or name in ("default", "fixed")


# Every rule finds what it is there to find.

BROKEN = {
    "NoTell": "contract",
    "RevisionOfText": "contract",
    "LibraryOfNobody": "contract",
    "LawOfNobody": "contract",
    "LawBeyondOne": "contract",
    "Outside": "valid",
    "Unstepped": "valid",
    "ShowsInactive": "valid",
    "Raising": "valid",
    "Rewriting": "unchanged",
    "Reusing": "unchanged",
    "SeedsNumpy": "random_state",
    "DrawsFromRandom": "random_state",
    "Printing": "silent",
    "PrintingBelowPython": "silent",
    "Warns": "silent",
    "LeavesFiles": "no_files",
    "Filtering": "filters",
    "Unseeded": "same_seed",
    "Hashing": "new_process",
    "Threaded": "blas_threads",
    "SeedBlind": "other_seeds",
    "NotConstant": "constant",
    "NotTied": "ties",
    "NotTiny": "tiny",
    "NotHuge": "huge",
    "NotNegative": "negative",
    "NoFailureAmongOthers": "some_failed",
    "NoFailuresAlone": "all_failed",
    "StopsEarly": "budget",
    "BeginsAnew": "exhaustion",
    "OneAtATime": "open",
    "OneOfSeveral": "several",
    "SeveralUnseeded": "several",
    "NeedsTrials": "timed",
    "LadderedPlainly": "valid",
    "LadderedBeyond": "valid",
    "LadderedBackwards": "valid",
    "LadderedFromNowhere": "valid",
    "LadderedUnsure": "valid",
    "LadderedReport": "contract",
    "LadderedUnseeded": "same_seed",
    "ClaimsIndependence": "independent",
    "PlansByBudget": "extendable",
    "KnowsItsOwn": "unasked",
    "StartsWrong": "unasked",
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_way_of_breaking_the_contract_fails_its_own_rule_alone(name: str) -> None:
    here = [rule for rule in RULES if not rule.elsewhere]
    in_processes = ALL or BROKEN[name] in {rule.name for rule in RULES if rule.elsewhere}
    results = checks(name, rules=RULES if in_processes else here)
    assert set(failed(results)) == {BROKEN[name]}, failed(results)
    assert "with seed" in results[BROKEN[name]].example


def test_every_rule_has_something_that_breaks_it() -> None:
    """Beside those above: the runner's own telling, and losses beyond what is required, which are tested below."""
    assert {rule.name for rule in RULES} == {*BROKEN.values(), "told_once", "vast"}


@pytest.mark.parametrize("times", [0, 2])
def test_a_runner_that_tells_nothing_or_twice_is_found(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    plain = Trials._tell

    def tell(self, *arguments):
        for _ in range(times):
            plain(self, *arguments)

    monkeypatch.setattr(Trials, "_tell", tell)
    results = checks("Plain", examples=2)
    assert set(failed(results)) == {"told_once"}
    assert re.search("nothing was told" if times == 0 else r"told \d+ results of \d+|trial 1: told", str(results))


def test_what_is_not_required_is_a_note_and_no_failure() -> None:
    results = checks("NotVast", examples=2)
    assert not failed(results)
    assert results["vast"].status == "note"
    assert "cannot fit that" in results["vast"].example


def test_what_is_wrong_with_a_fidelity_or_a_report_is_said() -> None:
    for name, message in (
        ("LadderedPlainly", r"trial 0: proposed \{.*\}, expected a bench.optimizers.Proposal"),
        ("LadderedBeyond", "proposed fidelity=27, expected one of 1, 3, 9"),
        ("LadderedBackwards", "proposed continues=9, expected one of 0, 1, 3"),
        ("LadderedFromNowhere", "goes on from 1, where it has no loss of this configuration"),
        ("LadderedUnsure", r"report\(proposal, 1, .*\) returned 0, expected True or False"),
    ):
        assert re.search(message, checks(name, examples=1)["valid"].example), name


def test_a_loss_told_at_the_wrong_rung_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner tells of a failure the worst loss at its rung."""
    assert not failed(checks("LadderedHalving", examples=2))
    plain = OnClock._tell

    def tell(self, asked, result):
        plain(self, asked, result._replace(loss=-1.0) if result.failed else result)

    monkeypatch.setattr(OnClock, "_tell", tell)
    assert set(failed(checks("LadderedHalving", examples=2))) == {"told_once"}


@pytest.mark.parametrize("name", ["Plain", "Lexicographic", "Frugal", "Starting"])
def test_what_keeps_the_contract_or_declares_what_it_does_not_passes(name: str) -> None:
    results = checks(name, examples=4)
    assert not failed(results)
    skipped = {check.name: check.tried for check in results.values() if check.status == "skipped"}
    assert ("other_seeds" in skipped) == (name == "Lexicographic")
    assert ({"extendable", "unasked"} <= set(skipped)) == (name == "Frugal")


def test_the_example_is_small_and_says_what_to_mend() -> None:
    example = checks("Unstepped", examples=20)["valid"].example
    message, seed, *space = example.splitlines()
    assert re.fullmatch(r"trial 0: proposed \{.*\}, which is invalid: p\d=.*: not one of .*", message)
    assert seed == "with seed 0 on the space"
    (entry,) = yaml.safe_load("\n".join(space)).values()
    assert entry["type"] == "float"
    assert entry["step"]


def test_where_it_raised_is_said() -> None:
    example = checks("Raising")["valid"].example
    assert re.match(r"trial 0: ask raised RuntimeError: knows no categories \(broken.py, line \d+\)", example)


def test_a_rule_that_rests_on_a_broken_one_is_skipped_and_says_so() -> None:
    results = checks("NoTell", examples=1)
    assert {check.status for check in results.values()} == {"FAIL", "skipped", "note"}
    assert results["valid"].tried == "'contract' must hold first"


def test_a_limit_of_time_is_said() -> None:
    results = checks("Slow", examples=30, trials=10, limit=0.5)
    assert not failed(results)
    assert re.search(r"^\d+ spaces?; stopped after 0.5 s$", results["same_seed"].tried)
    count = int(results["same_seed"].tried.split()[0])
    assert count < 10
    seconds = re.match(r"ask (\d+) ms", results["seconds"].says)
    assert seconds is not None
    assert int(seconds[1]) > 19


def test_the_same_seed_tries_the_same_spaces() -> None:
    first, again = (list(checks("Outside", seed=3).values())[:-1] for _ in range(2))
    assert first == again


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checks("Outside")
    checks("LeavesFiles")
    assert not list(tmp_path.iterdir())
    assert Path.cwd() == tmp_path


# What it tries.


def drawn(count: int) -> list[Case]:
    drawn_cases: list[Case] = []

    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(cases())
    def collect(case: Case) -> None:
        drawn_cases.append(case)

    collect()
    return drawn_cases


def test_generated_spaces_are_of_every_kind() -> None:
    generated = drawn(200)
    parameters = [p for case in generated for p in case.space.parameters]
    kinds = {(p.kind, getattr(p, "log", False), isinstance(p, Categorical) or p.stepped) for p in parameters}
    assert kinds == {
        ("float", False, False),
        ("float", True, False),
        ("float", False, True),
        ("int", False, False),
        ("int", True, False),
        ("int", False, True),
        ("categorical", False, True),
        ("ordinal", False, True),
    }
    assert {len(case.space.parameters) for case in generated} >= {1, 2, 20}
    assert any(p.constant for p in parameters)
    assert any(case.space[parent].when for case in generated for p in case.space.parameters for parent in p.when)
    assert any(isinstance(p, Float) and p.default is not None for p in parameters)


def test_a_bowl_has_a_finite_loss_everywhere_and_other_losses_elsewhere() -> None:
    rng = np.random.default_rng(0)
    for case in [*drawn(50), *FIXED]:
        points = {to_json(c): bowl(case.space, c) for c in (case.space.sample(rng) for _ in range(20))}
        assert all(0 <= value < 100 for value in points.values())
        if any(isinstance(p, Float) and not p.constant and not p.stepped and not p.when for p in case.space.parameters):
            assert len(set(points.values())) > 15


def test_an_example_is_yaml_that_gives_the_space_again() -> None:
    for case in drawn(50):
        assert yaml.safe_load(case.yaml()) == json.loads(case.text)


# The command.


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine/optimizer").mkdir(parents=True)
    for name, path in (("plain", "broken.Plain"), ("outside", "broken.Outside"), ("lost", "nowhere_at_all.X")):
        (tmp_path / f"mine/optimizer/{name}.yaml").write_text(f"name: {name}\nclass: {path}\n")
    (tmp_path / "mine/optimizer/nothing.yaml").write_text("name: nothing\n")
    return tmp_path


def test_the_command_tells_every_rule_and_ends_with_0(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench("check", "plain", "--config-dir", "mine", "--examples", 2) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "plain (broken.Plain): 2 generated spaces and 3 fixed ones, 25 trials on each"
    assert [line.split()[1] for line in lines[:-1]] == [rule.name for rule in RULES] + ["seconds"]
    assert re.fullmatch(r"plain: \d+ ok, \d skipped, 0 failed", lines[-1])


def test_the_command_shows_what_failed_and_ends_with_1_in_a_process_of_its_own(mine: Path) -> None:
    process = bench_process("check", "outside", "--config-dir", "mine", "--examples", 10, cwd=mine)
    out, err = process.communicate()
    assert (process.returncode, err) == (1, "")
    assert re.search(r"^FAIL    valid  .*\n +trial \d+: proposed .* which is invalid: p\d=", out, re.MULTILINE)
    assert {path.name for path in mine.iterdir()} == {"mine"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "optuna_tp"], r"optimizer=optuna_tp: unknown optimizer; allowed: .*\(did you mean optuna_tpe\?\)"),
        (["check", "lost", "--config-dir", "mine"], r"no module named 'nowhere_at_all'; put its file beside"),
        (["check", "nothing", "--config-dir", "mine"], r"optimizer.class: missing in nothing.yaml"),
        (["check", "random", "--config-dir", "nowhere"], r"--config-dir=nowhere: no such folder"),
        (["check", "random", "--examples", "0"], r"--examples.*greater than or equal to 1"),
        (["check"], r"[Mm]issing argument"),
    ],
)
def test_what_cannot_be_checked_is_one_line(
    mine: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert bench(*arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.search(message, line)


def test_a_missing_extra_is_one_line_with_what_installs_it(
    mine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine / "mine/needing.py").write_text("import torch.of.nobody\n\n\nclass It: ...\n")
    (mine / "mine/optimizer/needing.yaml").write_text("name: needing\nclass: needing.It\n")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert bench("check", "needing", "--config-dir", "mine") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "which is not installed; pip install 'hpo-compare[torch]'" in line


def test_help_and_the_plain_list_import_neither_hypothesis_nor_any_optimiser(tmp_path: Path) -> None:
    code = """
import sys
from bench import cli
sys.argv = ["bench", "list"]
try:
    cli.main()
except SystemExit:
    print(sorted({"hypothesis", "numpy", "optuna", "hyperopt", "skopt", "sklearn", "torch"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "[]"
