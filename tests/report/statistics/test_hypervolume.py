"""Scores of sets of losses, against values worked out by hand."""

import math

import numpy as np
import pytest

from bench.report.statistics import hypervolume

INF = np.inf
IDEAL, REFERENCE = np.zeros(2), np.full(2, 4.0)


def test_what_is_missing_of_a_hypervolume_by_hand() -> None:
    """Within 4 x 4 the stairs (1, 3), (2, 2), (3, 1) cover 3 + 2 + 1 squares of 16."""
    stairs = [[1.0, 3.0], [2.0, 2.0], [3.0, 1.0]]
    ignored = [[3.0, 3.0], [0.1, 4.0], [5.0, 0.0], [INF, INF], [2.0, 2.0]]  # dominated, at the edge, beyond, failed
    assert hypervolume.missing(np.array(stairs + ignored), IDEAL, REFERENCE) == pytest.approx(10 / 16)
    # Another unit of one loss changes nothing; neither does another origin.
    moved = np.array(stairs) * [1, 100] + [0, 7]
    assert hypervolume.missing(moved, np.array([0, 7.0]), np.array([4, 407.0])) == pytest.approx(10 / 16)
    # Of three losses: half of a cube and a quarter of it, less the eighth that they share.
    cube = np.array([[0, 0, 0.5], [0.5, 0.5, 0]])
    assert hypervolume.missing(cube, np.zeros(3), np.ones(3)) == pytest.approx(1 - 0.625)
    # Beyond the ideal point more is covered than the box has.
    assert hypervolume.missing(np.array([[-4.0, 0.0]]), IDEAL, REFERENCE) == pytest.approx(-1.0)
    assert hypervolume.missing(np.empty((0, 2)), IDEAL, REFERENCE) == 1.0


def test_a_front_is_chosen_by_validation_and_judged_by_test() -> None:
    """The third trial dominates the first on validation data alone, where the first was better on test data."""
    trials = [(INF, INF), (2.0, 2.0), (3.0, 1.0), (1.0, 2.0), (1.0, 2.0)]
    tested = [(INF, INF), (1.0, 1.0), (3.0, 3.0), (2.0, 3.0), (0.0, 0.0)]
    validation, test = hypervolume.by_trial(np.array(trials), np.array(tested), IDEAL, REFERENCE)
    assert validation == pytest.approx([INF, 12 / 16, 11 / 16, 9 / 16, 9 / 16])
    # (1, 1) covers 9; with (3, 3) beside it 9; without it (3, 3) and (2, 3), 1 and 1 more; the copy is not chosen
    assert test == pytest.approx([INF, 7 / 16, 7 / 16, 14 / 16, 14 / 16])
    _, none = hypervolume.by_trial(np.array(trials), np.full((5, 2), INF), IDEAL, REFERENCE)
    assert np.isinf(none).all()


def test_the_distance_from_a_known_front_by_hand() -> None:
    """Of (0, 1) the nearest is half away, of (1, 0) one: what is lower than a point of the front is at no distance."""
    losses = np.array([[0.5, 1.0], [2.0, 0.5]])
    assert hypervolume.distance(losses, np.array([[0.0, 1.0], [1.0, 0.0]])) == pytest.approx(0.75)
    assert math.isinf(hypervolume.distance(np.empty((0, 2)), np.array([[0.0, 1.0]])))


def test_what_shares_of_three_fronts_attain_by_hand() -> None:
    fronts = [np.array(points, dtype=float) for points in ([[1, 3], [3, 1]], [[2, 2]], [[2, 4]])]
    one, two, three = hypervolume.attained(fronts, [1 / 3, 0.5, 1.0])
    assert one.tolist() == [[1, 3], [2, 2], [3, 1]]
    assert two.tolist() == [[2, 3], [3, 2]]
    assert three.tolist() == [[2, 4]]
    # A fourth run, without any success, attains nothing: all of them attain nothing, three of four what all three did.
    half, most, all_ = hypervolume.attained([*fronts, np.empty((0, 2))], [0.5, 0.75, 1.0])
    assert half.tolist() == [[2, 3], [3, 2]]
    assert most.tolist() == [[2, 4]]
    assert not len(all_)
