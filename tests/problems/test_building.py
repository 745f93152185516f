"""One problem for equal recipes of a process, and another where anything that decides about it is another."""

import numpy as np
import pytest
from omegaconf import OmegaConf

from bench import problems
from bench.config.catalogue import conf_dir
from bench.problems import Recipe, building

CHOICES = {"dataset": "wine", "resampling": "holdout", "metric": "auto", "seeds": "paired", "model": "knn"}


@pytest.fixture(autouse=True)
def _nothing_kept():
    building._shared.cache_clear()
    building._dataset.cache_clear()


def recipe(seed=0, threads=1, folder="datasets", **choices):
    groups = {
        group: OmegaConf.to_container(OmegaConf.load(conf_dir() / group / f"{name}.yaml"))
        for group, name in (CHOICES | choices).items()
    }
    return Recipe(groups, seed, folder, threads)


def test_equal_recipes_share_a_problem():
    assert problems.shared(recipe()) is problems.shared(recipe())
    fixed = problems.shared(recipe(seeds="fixed"))
    assert problems.shared(recipe(seed=1, seeds="fixed")) is fixed  # the repetition's seed decides nothing there


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"dataset": "breast_cancer"},
        {"resampling": "kfold"},
        {"metric": "error"},
        {"seeds": "fixed"},
        {"model": "random_forest"},
        {"threads": 2},
        {"folder": "elsewhere"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_of_two_recipes_each_has_its_own(changed):
    first, other = recipe(), recipe(**changed)
    for wanted in (first, other, first):
        built = problems.shared(wanted)
        assert built.recipe == wanted
        assert built.hash == problems.build(wanted).hash


def test_two_splits_of_one_dataset_do_not_meet():
    one, two = (problems.shared(recipe(seed)) for seed in (0, 1))
    assert one.dataset is two.dataset
    assert not np.array_equal(one.split.test, two.split.test)
    point = one.space.default()
    assert one.evaluate(point).loss == problems.build(recipe(0)).evaluate(point).loss
    assert two.evaluate(point).loss == problems.build(recipe(1)).evaluate(point).loss
