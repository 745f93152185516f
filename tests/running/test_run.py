"""One run: budgets, failures, the columns of its table, the store, and replaying."""

import json
import math
import sqlite3

import pandas as pd
import pytest
import toy
from commands import TOY, bench, table, without_times

from bench import problems, results
from bench.running.run import public
from bench.store import Store


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOY_LOG", str(tmp_path / "log"))
    return tmp_path


def fits(folder) -> list[float]:
    log = folder / "log"
    return [float(line) for line in log.read_text().split()] if log.exists() else []


RUN = "scratch/wine/toy/random/0"


def test_budget_of_trials_is_met_exactly_and_failures_count(folder):
    assert bench("run", *TOY, "budget.trials=13", "+model.settings.fail_above=0.5") == 0
    trials = table(folder, RUN)
    assert list(trials["trial"]) == list(range(13))
    failed = trials["status"] == "failed"
    assert 0 < failed.sum() < 13
    assert len(fits(folder)) == 13
    assert trials.loc[failed, ["loss", "test_loss"]].isna().all(axis=None)
    assert trials.loc[failed, "error"].str.fullmatch(r"ValueError: x=0\.\d{3} is too much").all()
    assert trials.loc[~failed, "error"].isna().all()
    assert trials.loc[~failed, "loss"].notna().all()


def test_best_loss_and_incumbent_against_brute_force(folder):
    assert bench("run", *TOY, "budget.trials=30", "+model.settings.fail_above=0.8", "seed=4") == 0
    best, incumbent = None, None
    for row in table(folder, "scratch/wine/toy/random/4").itertuples():
        if row.status == "ok" and (best is None or row.loss < best):
            best, incumbent = row.loss, row.test_loss
        assert (best is None and math.isnan(row.best_loss)) or row.best_loss == best
        assert (incumbent is None and math.isnan(row.incumbent_test_loss)) or row.incumbent_test_loss == incumbent


def test_the_incumbent_is_chosen_by_its_validation_loss_where_the_test_loss_prefers_another(folder):
    assert bench("run", "dataset=digits", "model=knn", "budget.trials=15", "threads=1", "seed=3") == 0
    trials = table(folder, "scratch/digits/knn/random/3")
    chosen = trials.loc[trials["loss"].idxmin()]
    assert chosen["test_loss"] > trials["test_loss"].min()
    assert trials["best_loss"].iloc[-1] == chosen["loss"]
    assert trials["incumbent_test_loss"].iloc[-1] == chosen["test_loss"]


def test_budget_of_seconds_stops_after_the_first_trial_that_reaches_it(folder):
    seconds = 0.2
    assert bench("run", *TOY, "budget.trials=null", f"budget.seconds={seconds}", "+model.settings.sleep=0.03") == 0
    trials = table(folder, RUN)
    charged = [0.0, *trials[["ask_seconds", "evaluate_seconds", "tell_seconds"]].sum(axis="columns").cumsum()]
    assert charged[-1] >= seconds > charged[-2]


def test_seconds_are_charged_again_when_the_store_answers(folder):
    overrides = [*TOY, "budget.trials=null", "budget.seconds=0.2", "+model.settings.sleep=0.03"]
    assert bench("run", *overrides) == 0
    first = table(folder, RUN)
    made = len(fits(folder))
    assert bench("run", *overrides, "overwrite=true") == 0
    again = table(folder, RUN)
    assert len(fits(folder)) == made
    pd.testing.assert_series_equal(first["evaluate_seconds"], again["evaluate_seconds"])
    assert len(again) == len(first)


def test_an_exhausted_run_says_so(folder):
    assert bench("run", *TOY, "optimizer=grid", "+model.space.x.levels=4", "budget.trials=9") == 0
    trials = table(folder, "scratch/wine/toy/grid/0")
    assert len(trials) == 4
    assert results.file_metadata(folder / "results/scratch/wine/toy/grid/0.parquet")["ended"] == "exhausted"
    assert sorted(json.loads(text)["x"] for text in trials["configuration"]) == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_optimizers_are_told_finite_losses_the_worst_so_far_for_a_failure(folder):
    toy.Recorder.told.clear()
    assert bench("run", *TOY, "budget.trials=40", "+model.settings.fail_above=0.4", "optimizer.class=toy.Recorder") == 0
    trials = table(folder, RUN)
    baseline = results.file_metadata(folder / f"results/{RUN}.parquet")["baseline_loss"]
    worst = None
    assert {failed for _, failed in toy.Recorder.told} == {True, False}
    for (loss, failed), row in zip(toy.Recorder.told, trials.itertuples(), strict=True):
        assert failed == (row.status == "failed")
        if failed:
            assert loss == (baseline if worst is None else worst)
        else:
            assert loss == row.loss
            worst = loss if worst is None else max(loss, worst)


def test_baseline_is_the_log_loss_of_the_class_shares_in_train(folder):
    config = {
        "dataset": {"name": "wine", "load": "bench.datasets.bundled.wine"},
        "resampling": {"method": "holdout", "train": 0.6, "valid": 0.2, "test": 0.2, "stop": "valid"},
        "model": {"class": "toy.Toy", "space": {"x": {"type": "float", "low": 0, "high": 1}}},
        "metric": {"name": "auto"},
        "seeds": {"split": 0, "model": 0},
    }
    from omegaconf import OmegaConf

    from bench.config.catalogue import conf_dir

    config["dataset"] = OmegaConf.to_container(OmegaConf.load(conf_dir() / "dataset" / "wine.yaml"))
    made = problems.build(problems.Recipe(config, 0, str(folder), 1))
    target, valid = made.dataset.target[made.split.folds[0].train], made.dataset.target[made.split.folds[0].valid]
    shares = [(target == code).mean() for code in range(3)]
    assert made.baseline_loss == pytest.approx(-sum(math.log(shares[code]) for code in valid) / len(valid))


def test_another_experiment_is_served_by_the_store(folder):
    assert bench("run", *TOY, "budget.trials=6") == 0
    assert bench("run", *TOY, "budget.trials=8", "name=other") == 0
    assert len(fits(folder)) == 8
    other = table(folder, "other/wine/toy/random/0")
    assert list(other["cached"]) == [True] * 6 + [False] * 2
    first = table(folder, RUN)
    assert not first["cached"].any()
    same = ["configuration", "evaluation", "loss", "test_loss", "evaluate_seconds", "details"]
    pd.testing.assert_frame_equal(first[same], other.loc[:5, same])


def test_a_finished_run_is_skipped_and_made_again_only_from_the_store(folder):
    assert bench("run", *TOY, "budget.trials=6") == 0
    path = folder / f"results/{RUN}.parquet"
    before = path.read_bytes()
    assert bench("run", *TOY, "budget.trials=6") == 0
    assert path.read_bytes() == before
    path.unlink()
    assert bench("run", *TOY, "budget.trials=6") == 0
    assert len(fits(folder)) == 6
    assert path.read_bytes() == before  # times and all: they are charged from the journal


def test_overwriting_keeps_the_old_table_until_the_new_one_is_whole(folder):
    assert bench("run", *TOY, "budget.trials=3") == 0
    before = (folder / f"results/{RUN}.parquet").read_bytes()
    assert bench("run", *TOY, "budget.trials=6", "optimizer.class=toy.Raising", "overwrite=true") == 1
    assert (folder / f"results/{RUN}.parquet").read_bytes() == before
    assert bench("run", *TOY, "budget.trials=6", "overwrite=true") == 0
    assert len(table(folder, RUN)) == 6


def test_an_optimizer_that_raises_ends_its_run_and_is_not_replaced(folder, capsys):
    assert bench("run", *TOY, "budget.trials=6", "optimizer.class=toy.Raising") == 1
    assert "trial 3: the optimizer raised in ask: RuntimeError: no more ideas" in capsys.readouterr().err
    assert not (folder / f"results/{RUN}.parquet").exists()
    assert len(fits(folder)) == 3
    (run,) = Store(f"sqlite:///{folder}/results/store.sqlite").runs("scratch")
    assert run["state"] == "failed"
    assert "no more ideas" in run["traceback"]
    assert bench("run", *TOY, "budget.trials=6") == 0  # another optimiser under the name goes on, and pays for the rest
    assert len(fits(folder)) == 6


def test_an_invalid_proposal_ends_the_run(folder, capsys):
    assert bench("run", *TOY, "optimizer.class=toy.Invalid") == 1
    assert "trial 0: the optimizer proposed an invalid configuration: x=7.0: not a number in 0.0..1.0" in (
        capsys.readouterr().err
    )


def test_a_replay_that_leaves_its_journal_is_recorded(folder):
    overrides = [*TOY, "budget.trials=5", "optimizer.class=toy.Unseeded"]
    assert bench("run", *overrides) == 0
    path = folder / f"results/{RUN}.parquet"
    assert results.file_metadata(path)["diverged_at"] is None
    path.unlink()
    assert bench("run", *overrides) == 0
    assert results.file_metadata(path)["diverged_at"] == 0
    assert len(fits(folder)) == 10


def test_paired_seeds_split_anew_and_stay_one_family(folder):
    for seed in (0, 1):
        assert bench("run", *TOY, "budget.trials=2", "seeds=paired", f"seed={seed}") == 0
    a, b = (results.file_metadata(folder / f"results/scratch/wine/toy/random/{seed}.parquet") for seed in (0, 1))
    assert a["problem"] != b["problem"]
    assert a["problem_family"] == b["problem_family"]
    assert a["config_hash"] == b["config_hash"]


def test_metadata_names_no_place(folder):
    assert bench("run", *TOY, "budget.trials=2") == 0
    metadata = results.file_metadata(folder / f"results/{RUN}.parquet")
    assert str(folder) not in json.dumps(metadata)
    assert metadata["provenance"]["versions"]["numpy"]
    assert metadata["provenance"]["omp_wait_policy"] == "PASSIVE"
    assert "path" not in public({"dataset": {"path": "/x", "name": "y"}})["dataset"]


def test_constant_points_asked_twice_are_evaluated_once(folder):
    assert bench("run", *TOY, "budget.trials=12", "optimizer.class=toy.Stubborn") == 0
    assert len(fits(folder)) == 5
    trials = table(folder, RUN)
    assert len(trials) == 12
    assert not trials["cached"].any()  # its own evaluations


def test_same_seed_same_table_other_seed_other_table(folder):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert bench("run", *TOY, "budget.trials=4", f"name={name}", f"seed={seed}", f"store=sqlite:///{name}.db") == 0
    a, b, c = (table(folder, f"{name}/wine/toy/random/{seed}") for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    drop = ["experiment"]
    pd.testing.assert_frame_equal(without_times(a).drop(columns=drop), without_times(b).drop(columns=drop))
    assert set(a["configuration"]).isdisjoint(c["configuration"])


def test_a_run_whose_trials_all_fail_says_so_and_why(folder, capsys):
    assert bench("run", *TOY, "budget.trials=3", "+model.settings.fail_above=-1") == 0
    line = "scratch/wine/toy/random/0: all 3 trials failed, most with: ValueError: x="
    assert f"warning: {line}" in capsys.readouterr().err
    assert bench("status", "scratch") == 0
    assert line in capsys.readouterr().out
    assert bench("report", "scratch") == 0
    page = (folder / "reports/scratch/report.md").read_text()
    assert "No trial succeeded" in page
    assert "no test part" not in page


def test_an_evaluation_that_ends_the_run_leaves_no_claim_behind(folder, monkeypatch):
    def fit(*_arguments, **_keywords):
        raise ModuleNotFoundError("No module named 'it'", name="it")

    monkeypatch.setattr(toy.Toy, "fit", fit)
    assert bench("run", *TOY, "budget.trials=3") != 0
    with sqlite3.connect(folder / "results/store.sqlite") as connection:
        assert connection.execute("select count(*) from claims").fetchone() == (0,)
