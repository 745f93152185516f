"""From overrides to runs, what is done, what contradicts, and hashes that hold what they should."""

import re
from pathlib import Path

import pytest
from adapters import in_part
from commands import TOY, bench, table
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from bench import results
from bench.config import catalogue
from bench.errors import UserError
from bench.problems.recorded_tables import TABLES
from bench.results import RunId
from bench.running import sweep
from bench.running.compose import swept
from bench.running.plan import plan_runs

RUNS = ("random", "grid")

SIX = ["random", "grid", "skopt_gp", "hyperopt_tpe", "optuna_tpe", "optuna_cmaes"]
THREE = ["random", "skopt_gp", "optuna_tpe"]
NNI = ["random", "hyperopt_tpe", "hyperopt_anneal", "optuna_tpe", "smac_rf"]
RUNGS = ["random_rungs", "random_sha", "asha", "optuna_tpe", "optuna_tpe_median", "optuna_tpe_hyperband"]
RUNGS += ["smac_multifidelity", "dehb"]
GENETIC = [["random", "optuna_tpe", "nevergrad_de"], ["optuna_nsga2"], ["pymoo_nsga2"]]
TWO_LOSSES = [(dataset, each, 10) for each in GENETIC for dataset in ("digits", "breast_cancer")]
TWO_LOSSES += [("breast_cancer", ["smac_parego"], 10)]
TWO_LOSSES += [("function", each, 10) for each in GENETIC for _ in ("zdt1", "zdt4")]
CHEAP = ["random", "optuna_tpe", "hyperopt_tpe", "nevergrad_de", "asha"]
BESIDE = [f"{name}{workers}" for name in CHEAP for workers in ("", "-w2", "-w4", "-w8", "-w16")]
SMAC = ["smac_rf", "smac_rf-w4", "smac_rf-w16"]
TEN = ["random", "optuna_qmc", "optuna_tpe", "optuna_tpe_multivariate", "hyperopt_tpe", "hyperopt_anneal"]
TEN += ["optuna_cmaes", "cmaes_bipop", "nevergrad_de", "nevergrad_pso"]
ELEVEN = ["random", "random_2x", "hyperopt_tpe", "hyperopt_anneal", "optuna_tpe", "optuna_tpe_multivariate"]
ELEVEN += ["optuna_nsga2", "nevergrad", "nevergrad_de", "skopt_et", "smac_rf"]
BAYESMARK = ["random", "hyperopt_tpe", "hyperopt_anneal", "optuna_tpe", "optuna_tpe_multivariate", "optuna_cmaes"]
BAYESMARK += ["optuna_qmc", "cmaes_ipop", "catcma", "nevergrad_de", "skopt_et"]
OF_BAYESMARK = [(name, BAYESMARK, 6) for name in ("breast_cancer", "iris", "wine", "digits") for _ in range(7)]
OF_BAYESMARK += [("diabetes_scaled", BAYESMARK, 6)] * 7
OF_BAYESMARK += [(name, ["skopt_gp"], 6) for name in ("iris", "wine") for _ in range(5)]
TUNERS = ("random", "optuna_tpe", "hyperopt_anneal")
POLICIES = ["never", *(f"{when}_{begins}" for when in ("periodic", "adwin") for begins in ("cold", "warm", "kept"))]
STREAMS = ("sea_drift", "agrawal_drift", "hyperplane_drift", "flights")
OF_DRIFT = [(name, [f"{tuner}_{policy}" for tuner in TUNERS for policy in POLICIES], 15) for name in STREAMS]
OF_DRIFT += [(name, [alone], 15) for alone in ("optuna_tpe_frozen", "default") for name in STREAMS]
EXPERIMENTS = {
    "bayesmark": (OF_BAYESMARK, 20),
    "bbob": ([("function", TEN, 10), ("function", ["smac_rf", "skopt_gp"], 10)], 100),
    "default": ([("digits", SIX, 15), ("breast_cancer", SIX, 15), ("digits", THREE, 8)], 20),
    "drift": (OF_DRIFT, 1),
    "otto": ([("otto", SIX, 20)], 50),
    "otto_reference": ([("otto", [*SIX, "default", "random_2x"], 10)], 25),
    "otto_keras": ([("otto", ["random", "skopt_gp", "hyperopt_tpe", "optuna_tpe", "default"], 10)], 25),
    "lecture_keras": ([("mnist", ["hyperopt_tpe", "random"], 5)], 50),
    "nni_autogbdt": ([("lightgbm_regression", NNI, 6), ("lightgbm_regression", ["grid_in_order"], 6)], 1000),
    "nni_autogbdt_gp": ([("lightgbm_regression", ["skopt_gp"], 3)], 150),
    "french_claims": ([("french_claims", ["random", "random_sha", "optuna_tpe", "optuna_tpe_hyperband"], 10)], None),
    "fidelity": ([(dataset, RUNGS, 12) for dataset in ("digits", "breast_cancer", "digits")], None),
    "objectives": ([*TWO_LOSSES, ("function", ["smac_parego"], 10)], 80),
    "tabular": ([("hpobench_car", ELEVEN, 10), ("hpobench_car", ["skopt_gp"], 10)], 100),
    "workers": ([("breast_cancer", BESIDE, 10), ("function", BESIDE, 10), ("function", SMAC, 10)], None),
}
"""Of each experiment its blocks (data set, optimisers, number of seeds), and the trials of a run."""
FIRST = {
    "bbob": ["model.settings.function=1", "model.settings.dimension=2"],
    "tabular": ["dataset.table=hpobench/car"],
}
"""Of 24 functions and three dimensions; of 15 tables."""
QUICK = ("default", "otto_reference", "lecture_keras", "workers")
"""Those that `make test` composes: one of the lecture's, one of each way to write blocks."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def composer():
    calls = []

    def run(overrides):
        calls.append(overrides)
        return compose("bench", overrides)

    run.calls = calls
    with initialize_config_dir(str(catalogue.conf_dir()), version_base="1.3"):
        yield run


def ids(specs):
    return [(spec.run.dataset, spec.run.optimizer, spec.run.seed) for spec in specs]


def test_a_product_is_composed_once_per_choice_and_not_per_seed(composer):
    specs = list(sweep.enumerate_runs(composer, None, ["optimizer=random,grid", "seed=range(0,50)", "dataset=wine"]))
    assert ids(specs) == [("wine", optimizer, seed) for optimizer in RUNS for seed in range(50)]
    assert len(composer.calls) == 2


def test_blocks_are_products_and_arguments_replace_their_choices(composer):
    blocks = [
        {"dataset": ["wine", "digits"], "optimizer": "random", "seed": "range(0,2)"},
        {"dataset": "wine", "optimizer": ["grid", "optuna_tpe"], "seed": 7},
    ]
    specs = list(sweep.enumerate_runs(composer, blocks, []))
    assert ids(specs) == [
        *[(dataset, "random", seed) for dataset in ("wine", "digits") for seed in (0, 1)],
        ("wine", "grid", 7),
        ("wine", "optuna_tpe", 7),
    ]
    specs = list(sweep.enumerate_runs(composer, blocks, ["dataset=digits", "seed=1,3"]))
    assert {spec.run.dataset for spec in specs} == {"digits"}
    assert {spec.run.seed for spec in specs} == {1, 3}
    assert [spec.run.optimizer for spec in specs] == ["random"] * 2 + ["grid"] * 2 + ["optuna_tpe"] * 2


def test_numbers_of_workers_are_a_choice_of_blocks_and_1_is_no_truth_value(composer):
    blocks = [{"optimizer": "random", "workers": [1, 2, 16], "seed": [0, 1]}]
    specs = list(sweep.enumerate_runs(composer, blocks, []))
    names = ["random", "random-w2", "random-w16"]
    assert [(spec.run.optimizer, spec.run.seed) for spec in specs] == [(n, seed) for n in names for seed in (0, 1)]
    assert [spec.workers for spec in specs] == [1, 1, 2, 2, 16, 16]
    switched = [{"trial.timeout": [None], "+model.settings.flag": [True, False], "seed": 0}]
    flags = [spec.config["model"]["settings"]["flag"] for spec in sweep.enumerate_runs(composer, switched, [])]
    assert flags == [True, False]


def test_of_two_arguments_for_one_key_the_last_counts(composer):
    specs = list(
        sweep.enumerate_runs(composer, None, ["seed=0,1", "optimizer=grid,random", "seed=5", "optimizer=grid"])
    )
    assert [(spec.run.optimizer, spec.run.seed) for spec in specs] == [("grid", 5)]


def test_every_experiment_is_looked_at():
    assert sorted(EXPERIMENTS) == sorted(catalogue.names("experiment"))


@pytest.mark.parametrize("name", [in_part(name, name in QUICK, id=name) for name in EXPERIMENTS])
def test_an_experiment_is_what_the_readme_and_docs_say(name):
    blocks, trials = EXPERIMENTS[name]
    config, composer = swept([f"experiment={name}"], None)
    assert config.hydra.mode.name == "MULTIRUN"
    if name == "tabular":  # to compose all of its 171 choices takes seconds
        assert [len(block["dataset.table"]) for block in config.blocks] == [15, 6]
        assert list(config.blocks[0]["dataset.table"]) == list(TABLES)
    specs = list(sweep.enumerate_runs(composer, config.blocks, [f"experiment={name}", *FIRST.get(name, [])]))
    assert {spec.run.experiment for spec in specs} == {name}
    assert ids(specs) == [(d, o, s) for d, optimizers, seeds in blocks for o in optimizers for s in range(seeds)]
    assert {spec.config["budget"]["trials"] for spec in specs} == {trials}


def test_the_seed_is_data_and_an_interpolation_of_it_is_followed(composer):
    arguments = ["seed=3,4", "seeds.split=${seed}", "dataset=wine"]
    a, b = sweep.enumerate_runs(composer, None, arguments)
    assert (a.config["seeds"]["split"], b.config["seeds"]["split"]) == (3, 4)
    assert a.config_hash != b.config_hash
    a, b = sweep.enumerate_runs(composer, None, ["seed=3,4", "seeds=paired"])
    assert a.config_hash == b.config_hash


@pytest.mark.parametrize(
    ("override", "changes"),
    [
        ("budget.trials=51", True),
        ("budget.seconds=5", True),
        ("dataset=wine", True),
        ("model.settings.rounds=3", True),
        ("model.space.num_leaves.high=100", True),
        ("metric=error", True),
        ("optimizer=grid", True),
        ("+optimizer.settings.x=1", True),
        ("seeds=paired", True),
        ("seeds.model=5", True),
        ("resampling.stop=inner", True),
        ("resampling=kfold", True),
        ("name=other", False),
        ("optimizer.name=other", False),
        ("dataset.name=other", False),
        ("dataset.description=other", False),
        ("results_dir=elsewhere", False),
        ("datasets_dir=elsewhere", False),
        ("store=sqlite:///secret", False),
        ("threads=1", False),
        ("engine.workers=7", False),
        ("isolation=process", False),
        ("overwrite=true", False),
        ("seed=9", False),
    ],
)
def test_config_hash_covers_what_decides_results_and_nothing_else(composer, override, changes):
    (base,) = sweep.enumerate_runs(composer, None, [])
    (other,) = sweep.enumerate_runs(composer, None, [override])
    assert (base.config_hash != other.config_hash) == changes


def test_the_content_of_a_users_file_is_in_the_hash_and_its_place_is_not(composer, folder):
    lines = ["x,y"] + [f"{i},{i % 2}" for i in range(20)]
    for name, text in (("a.csv", lines), ("b.csv", lines), ("c.csv", [*lines, "20,0"])):
        Path(name).write_text("\n".join(text) + "\n")
    hashes = []
    for name in ("a.csv", "b.csv", "c.csv"):
        (spec,) = sweep.enumerate_runs(composer, None, ["dataset=file", f"dataset.path={name}", "dataset.target=y"])
        hashes.append(spec.config_hash)
    assert hashes[0] == hashes[1] != hashes[2]


def test_two_different_runs_of_one_name_are_refused(composer):
    specs = sweep.enumerate_runs(composer, None, ["optimizer=grid", "optimizer.settings.levels=2,3"])
    with pytest.raises(UserError, match=r"two runs are named .* differ in optimizer.settings.levels; set optimizer"):
        plan_runs(specs)


def test_finished_runs_are_dropped_and_conflicts_name_their_keys(folder, capsys):
    sweep_of = ["-m", *TOY, "optimizer=random,grid", "seed=0,1", "budget.trials=3", "engine.workers=1"]
    for seed in (0, 1):
        assert bench("run", *TOY, "optimizer=random", f"seed={seed}", "budget.trials=3") == 0
    capsys.readouterr()
    assert bench("run", *sweep_of, "dry_run=true") == 0
    assert "4 runs: 2 done, 2 to do" in capsys.readouterr().out
    assert bench("run", *sweep_of) == 0
    assert bench("run", *sweep_of) == 0
    assert "4 of 4 runs are done; nothing to do" in capsys.readouterr().err
    assert bench("run", *sweep_of, "budget.trials=4", "metric=error") == 2
    message = capsys.readouterr().err
    assert "differs in budget.trials, metric; choose another name=... or optimizer.name=..." in message
    assert "(and 3 more runs)" in message
    assert bench("run", *sweep_of, "budget.trials=4", "overwrite=true") == 0
    assert len(table(folder, "scratch/wine/toy/grid/1")) == 3  # a grid of three levels
    assert len(table(folder, "scratch/wine/toy/random/1")) == 4


def test_a_damaged_table_is_set_aside_and_made_again_from_the_store(folder, capsys):
    arguments = ["run", *TOY, "budget.trials=3"]
    assert bench(*arguments) == 0
    path = folder / "results/scratch/wine/toy/random/0.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert bench("report", "scratch") == 2
    assert re.search(r"0\.parquet: not a readable trial table \(.*\); delete it and run", capsys.readouterr().err)
    assert bench(*arguments) == 0
    assert "damaged; set aside as 0.damaged" in capsys.readouterr().err
    assert path.read_bytes() == whole
    assert path.with_suffix(".damaged").exists()


def test_find_reads_paths_back(folder):
    run = RunId("e", "d", "m", "o", 12)
    path = run.path(folder / "results")
    path.parent.mkdir(parents=True)
    path.touch()
    (path.parent / ".13.parquet.1.part").touch()
    (path.parent / "notes.parquet").touch()
    assert results.find(folder / "results", "e") == {run: path}


def test_the_config_of_every_group_has_a_description():
    for group in catalogue.groups():
        for name in catalogue.names(group):
            content = OmegaConf.load(catalogue.conf_dir() / group / f"{name}.yaml")
            assert content.get("description"), f"{group}/{name}"
            if group == "dataset":
                assert all(content.get(key) for key in ("source", "licence", "citation")), name


def test_methods_of_resampling_with_the_same_keys_are_not_the_same_config(composer):
    hashes = {
        spec.config_hash
        for name in ("kfold", "group")
        for spec in sweep.enumerate_runs(composer, None, [f"resampling={name}", "resampling.inner=0.2"])
    }
    assert len(hashes) == 2


@pytest.mark.parametrize("own", [{}, {"sha256": None}])
def test_changed_data_is_another_config_whether_or_not_the_yaml_has_a_place_for_its_hash(composer, tmp_path, own):
    def hash_of(name, text):
        (tmp_path / name).write_text(text)
        keys = {"load": "bench.datasets.file.load", "path": str(tmp_path / name), "target": "y", **own}
        (spec,) = sweep.enumerate_runs(composer, None, ["dataset=file"])
        config = {**spec.config, "dataset": {"name": "mine", **keys}}
        base = OmegaConf.merge(composer(["dataset=file"]), {})
        OmegaConf.set_struct(base, False)
        base.dataset = config["dataset"]
        (spec,) = sweep.specify(base)
        return spec.config_hash

    first = hash_of("a.csv", "x,y\n1,2\n")
    assert hash_of("elsewhere.csv", "x,y\n1,2\n") == first
    assert hash_of("a.csv", "x,y\n1,3\n") != first


def test_the_path_of_another_sources_file_decides(composer):
    def hash_of(path):
        base = OmegaConf.merge(composer(["dataset=wine"]), {})
        OmegaConf.set_struct(base, False)
        base.dataset.path = path
        (spec,) = sweep.specify(base)
        return spec.config_hash

    assert hash_of("a") != hash_of("b")
