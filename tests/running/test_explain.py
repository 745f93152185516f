"""`bench explain`: a run on a function or a recorded one, its values, figures and page, and what it refuses."""

import json
import re
import shlex

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from commands import ROOT, bench

from bench.errors import UserError
from bench.report.analysis.importance import importance
from bench.report.figures import canvas
from bench.report.figures.explained import draw, read
from bench.report.runs import curves, selection, visits
from bench.running.explain import explain
from bench.running.explain_recorded import explain_recorded


@pytest.mark.parametrize("optimizer", ["skopt_gp", "hyperopt_tpe", "optuna_cmaes", "random"])
def test_an_explained_run_asks_what_the_recorded_one_asked(optimizer, tmp_path):
    settings = {"skopt_gp": ["+optimizer.settings.n_initial_points=3"]}
    settings["hyperopt_tpe"] = ["+optimizer.settings.n_startup_jobs=3"]
    given = ["dataset=function", "model=branin", f"optimizer={optimizer}", *settings.get(optimizer, [])]
    places = [f"results_dir={tmp_path}", "name=mine", "budget.trials=6", "seed=2"]
    assert bench("run", *given, *places) == 0
    explained = explain_recorded("mine", optimizer, tmp_path)
    assert explained.notes == notes_of(optimizer)
    anew = explain(optimizer, "branin", 6, seed=2, overrides=settings.get(optimizer, []))
    assert [dict(row) for row in explained.rows] == [dict(row) for row in anew.rows]
    assert (explained.metadata["objective"], len(anew.metadata["objective"])) == (None, 41 * 41)
    table = pq.read_table(tmp_path / f"mine/function/branin/{optimizer}/2.parquet").to_pylist()
    for row, recorded in zip(explained.rows, table, strict=True):
        assert json.loads(row["configuration"]) == json.loads(recorded["configuration"])
        assert row["loss"] == recorded["loss"]
        if row["chosen"]:
            assert json.loads(row["proposals"])[row["chosen"]] == json.loads(row["configuration"])
    assert any(row["model"] for row in explained.rows) == (optimizer != "random")


def notes_of(optimizer):
    return ["random shows no model of its own (it has no method 'surrogate'): its proposals alone are drawn"] * (
        optimizer == "random"
    )


def rewritten(path, change):
    """The table of a run with other configurations."""
    table = pq.read_table(path)
    texts = [
        json.dumps(change(n, json.loads(text)), separators=(",", ":"))
        for n, text in enumerate(table["configuration"].to_pylist())
    ]
    column = pa.array(texts, pa.string()).cast(table.schema.field("configuration").type)
    pq.write_table(table.set_column(table.schema.get_field_index("configuration"), "configuration", column), path)


def test_what_another_processor_has_rounded_is_the_same_and_what_is_another_point_is_shown(tmp_path):
    overrides = ["+optimizer.settings.n_initial_points=3"]
    places = [f"results_dir={tmp_path}", "name=mine", "budget.trials=7", *overrides]
    assert bench("run", "dataset=function", "model=branin", "optimizer=skopt_gp", *places) == 0
    path = tmp_path / "mine/function/branin/skopt_gp/0.parquet"
    anew = explain("skopt_gp", "branin", 7, overrides=overrides)
    rewritten(path, lambda n, point: point | {"x1": point["x1"] * (1 + 1e-13)})
    explained = explain_recorded("mine", "skopt_gp", tmp_path)
    assert explained.notes == []
    assert [row["curves"] for row in explained.rows] == [row["curves"] for row in anew.rows]
    rewritten(path, lambda n, point: point | {"x2": 14.5} if n == 4 else point)
    explained = explain_recorded("mine", "skopt_gp", tmp_path)
    before, other, after = explained.rows[3:6]
    assert (before["asked"], json.loads(other["configuration"])["x2"]) == ("null", 14.5)
    assert json.loads(other["asked"]) == json.loads(anew.rows[4]["configuration"])
    assert "asked for here as" in explained.notes[0]
    assert dict(after["curves"])["mean"] != dict(anew.rows[5]["curves"])["mean"]  # it was told of what was recorded


def test_an_optimiser_that_takes_no_other_results_is_shown_up_to_there(tmp_path):
    given = ["dataset=function", "model=branin", "optimizer=optuna_cmaes", f"results_dir={tmp_path}", "name=mine"]
    assert bench("run", *given, "budget.trials=6") == 0
    rewritten(
        tmp_path / "mine/function/branin/optuna_cmaes/0.parquet",
        lambda n, point: point | {"x2": 14.5} if n == 4 else point,
    )
    explained = explain_recorded("mine", "optuna_cmaes", tmp_path)
    assert len(explained.rows) == 4
    assert "proposal 5 is another than was recorded" in explained.notes[0]


def test_a_shared_initial_design_is_told_as_in_the_run(tmp_path):
    given = ["dataset=function", "model=hartmann6", "optimizer=optuna_cmaes", f"results_dir={tmp_path}", "name=mine"]
    assert bench("run", *given, "budget.trials=9", "initial_design=shared", "initial_design.size=4") == 0
    explained = explain_recorded("mine", "optuna_cmaes", tmp_path, parameters=["x5", "x2"], trials=8)
    assert [row["initial"] for row in explained.rows] == [True] * 4 + [False] * 4
    assert explained.notes == []
    normal = json.loads(explained.rows[4]["normal"])
    best = min(explained.rows[:4], key=lambda row: row["loss"])
    assert normal["mean"] == pytest.approx([json.loads(best["configuration"])[name] for name in ("x5", "x2")])
    assert normal["coordinates"][0] == pytest.approx(explained.metadata["axes"]["x5"]["values"])
    assert explained.metadata["held"] == ["x1", "x3", "x4", "x6"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "name an experiment of yours, or a function"),
        (["mine", "--model", "branin"], "name an experiment of yours, or a function"),
        (["mine", "a=b"], "a=b: is of use with --model alone"),
        (["mine", "other"], "other: one experiment at a time"),
        (["--model", "branin", "--problem", "a/b"], "--problem=a/b: is of use with an experiment alone"),
        (["mine", "--seed", "9"], "--seed=9: no run of random has it; allowed: 0"),
        (["mine", "--problem", "a/b"], "--problem=a/b: no run of 'mine' is of it"),
        (["mine", "--optimizer", "grid"], "--optimizer=grid: no run of 'mine' is of it; allowed: random"),
        (["mine", "--parameters", "x9"], "'x9' is no number here; allowed: x1, x2, x3, x4"),
        (["mine"], "name one or two of x1, x2, x3, x4"),
    ],
)
def test_a_recorded_run_that_is_not_there_is_refused_in_one_line(given, message, few, monkeypatch, capsys):
    monkeypatch.chdir(few)
    assert bench("explain", "--optimizer", "random", *given) == 2
    refused = capsys.readouterr().err.splitlines()
    assert len(refused) == 1
    assert message in refused[0]
    assert not (few / "reports").exists()


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """An experiment of too few trials to say what matters."""
    folder = tmp_path_factory.mktemp("few")
    given = ["model=levy", "model.dimension=4", "optimizer=random", f"results_dir={folder / 'results'}", "name=mine"]
    assert bench("run", "dataset=function", *given, "budget.trials=3") == 0
    return folder


def test_the_axes_of_a_recorded_run_are_the_two_that_matter_most(tmp_path):
    given = ["model=levy", "model.dimension=4", "optimizer=random", f"results_dir={tmp_path}", "name=mine"]
    assert bench("run", "dataset=function", *given, "budget.trials=40") == 0
    bars = importance(visits_of("mine", tmp_path)).bars["parameter"].tolist()
    assert list(explain_recorded("mine", "random", tmp_path).metadata["axes"]) == bars[:2]


def visits_of(experiment, results_dir):
    reading = selection.read(results_dir, selection.Selection((experiment,)))
    return visits.read(results_dir, curves.comparisons(reading.results)[0], reading)


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


PAGES = {page: (ROOT / "docs" / page).read_text() for page in ("explain.md", "search.md")}
COMMAND = re.compile(r"^bench explain .*$", flags=re.MULTILINE)
PICTURE = re.compile(r"\(search/(?P<folder>.*)-(?P<number>\d{3})\.png\)")


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_the_pages(page, tmp_path, monkeypatch):
    """As they stand, but for their number of trials: so few that few have a model."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").symlink_to(ROOT / "results")
    monkeypatch.setattr(canvas, "render", lambda figure, *_, formats: dict.fromkeys(formats, b"picture"))
    lines = [re.sub(r" --trials \d+", "", line) for line in COMMAND.findall(PAGES[page])]
    for line in lines:
        assert bench(*shlex.split(line)[1:], "--trials", "2") == 0
    made = [path.parent.name for path in tmp_path.glob("reports/explain/*/explain.html")]
    assert len(made) == len(set(lines))
    assert {each["folder"] for each in PICTURE.finditer(PAGES[page])} <= set(made)


def test_each_picture_is_of_a_proposal_of_the_command_above_it_and_is_drawn_as_today(tmp_path):
    """Those that no library's numbers are in are drawn again."""
    committed = {path.name for path in (ROOT / "docs/search").iterdir()}
    shown, command = set(), ""
    for line in PAGES["search.md"].splitlines():
        command = line if COMMAND.match(line) else command
        if found := PICTURE.search(line):
            name = f"{found['folder']}-{found['number']}.png"
            shown.add(name)
            trials = re.search(r"--trials (\d+)", command)
            assert trials is None or int(found["number"]) <= int(trials[1])
            if "random" in command or "grid" in command:
                optimizer = re.search(r"--optimizer (\w+)", command)[1]
                explain(optimizer, "branin", int(trials[1])).write(tmp_path / "explain.parquet")
                with canvas.look():
                    figure = draw(read(tmp_path / "explain.parquet"), int(found["number"]) - 1)
                    drawn = canvas.render(figure, formats=("png", "pdf"))["png"]
                assert drawn == (ROOT / "docs/search" / name).read_bytes(), name
    assert shown == committed
    assert sum(path.stat().st_size for path in (ROOT / "docs/search").iterdir()) < 1_500_000


@pytest.mark.parametrize(
    ("optimizer", "model", "parameters", "message"),
    [
        ("skopt_gp", "hartmann6", (), "name one or two of x1, x2"),
        ("skopt_gp", "branin", ("x3",), "'x3' is no number here"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_one_line(optimizer, model, parameters, message):
    with pytest.raises(UserError, match=message):
        explain(optimizer, model, 3, parameters=parameters)
