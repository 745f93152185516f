"""What `bench explain` shows is what the library chose by, and reading it changes nothing."""

import json
import re
import shlex

import numpy as np
import pytest
from commands import ROOT, bench
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator

from bench.errors import UserError
from bench.optimizers.optuna_samplers import TPE
from bench.optimizers.scikit_optimize import GaussianProcess
from bench.problems.known_functions import branin
from bench.running.explain import explain
from bench.space import Space
from bench.space.parameters import Float

SPACE = Space((Float("x1", -5.0, 10.0), Float("x2", 0.0, 15.0)))


@pytest.mark.parametrize(("name", "kind"), [("skopt_gp", GaussianProcess), ("optuna_tpe", TPE)])
def test_an_explained_run_asks_what_the_plain_one_asks(name, kind):
    explanation = explain(name, "branin", 13, seed=3)
    plain = kind(SPACE, 3, 13)
    for row in explanation.rows:
        configuration = plain.ask()
        assert json.loads(row["configuration"]) == configuration
        plain.tell(configuration, branin(configuration))
        if row["chosen"]:
            assert json.loads(row["proposals"])[row["chosen"]] == configuration
    assert [row["model"] for row in explanation.rows] == [False] * 10 + [True] * 3
    assert len(explanation.metadata["objective"]) == len(
        dict(explanation.rows[-1]["curves"])["std" if "skopt" in name else "good"]
    )


def test_the_process_is_certain_at_what_it_was_told_and_each_maximum_is_one():
    own, points = GaussianProcess(SPACE, 0, None), [SPACE.sample(np.random.default_rng(n)) for n in range(200)]
    asked = []
    for _ in range(13):
        configuration = own.ask()
        shown = own.surrogate([*asked, *points])
        if shown is not None:
            losses = [branin(each) for each in asked]
            assert shown.curves["mean"][: len(asked)] == pytest.approx(losses, abs=0.05 * np.ptp(losses))
            for name, place in shown.proposals.items():
                here = own.surrogate([place]).curves[name][0]
                assert here >= shown.curves[name].max() - 1e-6, name
        own.tell(configuration, branin(configuration))
        asked.append(configuration)


def test_tpe_chose_of_its_own_candidates_the_one_with_the_largest_ratio(monkeypatch):
    own, drawn, draw = TPE(SPACE, 0, None), [], _ParzenEstimator.sample
    monkeypatch.setattr(_ParzenEstimator, "sample", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    for number in range(14):
        configuration = own.ask()
        if number >= 10:
            candidates = [{n: float(drawn[-1][n][i]) for n in ("x1", "x2")} for i in range(24)]
            shown = own.surrogate(candidates)
            assert candidates[int(np.argmax(shown.curves["log l/g"]))] == configuration
            np.testing.assert_allclose(
                shown.curves["log l/g"],
                np.log(shown.curves["good"]) - np.log(shown.curves["rest"]),
                rtol=1e-9,
                atol=1e-9,
            )
        own.tell(configuration, branin(configuration))


def test_the_command_writes_values_figures_and_a_page(tmp_path, capsys):
    given = (
        "--optimizer=optuna_tpe",
        "--model=levy",
        "model.dimension=1",
        "+optimizer.settings.n_startup_trials=1",
        "--trials=2",
        "--reports-dir",
        str(tmp_path),
    )
    assert bench("explain", *given) == 0
    page = tmp_path / "explain/levy_1d-optuna_tpe-0/explain.html"
    assert str(page) in capsys.readouterr().out
    assert "Proposal 2, at x1 = " in page.read_text()
    assert "://" not in page.read_text()
    assert len(list((page.parent / "figures").glob("*.pdf"))) == 2


def test_the_commands_of_the_page(tmp_path, monkeypatch):
    """As they stand, on so few trials that none has a model."""
    monkeypatch.chdir(tmp_path)
    block = re.search(r"```sh\n(.*?)```", (ROOT / "docs/explain.md").read_text(), flags=re.DOTALL)[1]
    for line in block.splitlines():
        assert bench(*shlex.split(line.replace("--trials 12", "--trials 1"))[1:]) == 0
    pages = {path.parent.name for path in tmp_path.glob("reports/explain/*/explain.html")}
    assert pages == {"branin-skopt_gp-0", "levy_1d-optuna_tpe-0"}


@pytest.mark.parametrize(
    ("optimizer", "model", "parameters", "message"),
    [
        ("random", "branin", (), "shows no model of its own"),
        ("skopt_gp", "hartmann6", (), "name one or two of x1, x2"),
        ("skopt_gp", "branin", ("x3",), "'x3' is no number here"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(optimizer, model, parameters, message):
    with pytest.raises(UserError, match=message):
        explain(optimizer, model, 3, parameters=parameters)
