"""Who is ranked, decided from the runs alone; and what so many seeds can show at best."""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pytest

from bench.report.statistics import designs, significance
from bench.report.statistics.designs import Design, Relation


def design(
    counts: Mapping[str, int],
    relation: Relation = "unpaired",
    single: tuple[str, ...] = (),
    **others: Relation,
) -> Design:
    """Runs with the seeds 0, 1, ...; `others` are relations by two names such as a_b."""
    relations: dict[frozenset[str], Relation] = {}
    for a, b in itertools.combinations(counts, 2):
        apart: Relation = "values" if {a, b} <= set(single) else "value" if {a, b} & set(single) else relation
        relations[frozenset((a, b))] = others.get(f"{a}_{b}", apart)
    return Design({label: frozenset(range(n)) for label, n in counts.items()}, frozenset(single), relations)


def family(of: Design) -> designs.Family:
    return designs.family(of, of.seeds)


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 2), (3, 5), (6, 6)])
def test_smallest_p_is_that_of_the_extreme_case(n: int, m: int) -> None:
    low, high = np.arange(n) - 100.0, np.arange(m) + 100.0
    assert designs.smallest_p("unpaired", n, m) == pytest.approx(significance.rank_sum_p(low, high))
    assert designs.smallest_p("paired", n) == pytest.approx(significance.signed_rank_p(low, np.zeros(n)))
    assert designs.smallest_p("value", n) == pytest.approx(significance.sign_p(low - 1))
    assert math.isnan(designs.smallest_p("clone", n, m))


def test_seeds_needed_is_the_first_number_that_attains() -> None:
    relations: tuple[Relation, ...] = ("paired", "unpaired", "value")
    for relation, pairs in itertools.product(relations, [1, 3, 15, 45, 435]):
        seeds = designs.seeds_needed(relation, pairs)
        assert designs.smallest_p(relation, seeds, seeds) * pairs <= 0.05
        assert designs.smallest_p(relation, seeds - 1, seeds - 1) * pairs > 0.05
    assert designs.seeds_needed("unpaired", 1) == 4
    assert [designs.seeds_needed("paired", k * (k - 1) // 2) for k in (3, 6, 20)] == [7, 10, 13]


def test_the_smallest_p_of_a_pair_follows_its_seeds() -> None:
    assert design({"a": 10, "b": 10}, "paired").smallest_p("a", "b") == 2.0**-9
    assert design({"a": 10, "b": 4}, "paired").smallest_p("a", "b") == 2.0**-3
    assert design({"a": 10, "b": 4}).smallest_p("a", "b") == pytest.approx(2 / math.comb(14, 4))
    assert design({"a": 10, "b": 4}, single=("a",)).smallest_p("a", "b") == 2.0**-3
    assert design({"a": 10, "b": 4}, single=("b",)).smallest_p("a", "b") == 2.0**-9


def test_a_newcomer_with_one_seed_changes_nobodys_tests() -> None:
    ten = dict.fromkeys("abcdef", 10)
    before, after = family(design(ten)), family(design({"new": 1, **ten}))
    assert after.members == before.members == tuple("abcdef")
    assert after.pairs == before.pairs == 15
    # with 7 optimisers 21 pairs: the first n with 2 / C(10 + n, n) * 21 <= 0.05
    needed = next(n for n in range(1, 10) if 2 / math.comb(10 + n, n) * 21 <= 0.05)
    assert after.shown == {"new": needed}


def test_a_smaller_block_joins_where_all_of_its_tests_can_reject_and_no_smaller_one_after_it_does_not() -> None:
    assert family(design({"a": 10, "b": 10, "c": 6})).members == ("a", "b", "c")
    apart = family(design({"a": 10, "b": 10, "c": 3, "d": 2}))
    assert apart.members == ("a", "b", "c")
    assert apart.shown.keys() == {"d"}
    paired = family(design({"a": 10, "b": 10, "c": 6, "d": 7}, "paired"))
    assert paired.members == ("a", "b", "d")  # 3 tests of 2^-6; with c there would be 6
    assert paired.shown == {"c": 10}  # d has no more than 7 in common with it, which are too few for 6 tests


def test_the_largest_block_is_ranked_even_where_no_test_is_possible() -> None:
    three = family(design({"a": 3, "b": 3, "new": 1}))
    assert three.members == ("a", "b")
    assert three.shown == {"new": 3}


def test_clones_are_counted_once_and_nested_runs_have_no_test() -> None:
    found = family(design({"a": 10, "b": 10, "c": 10}, a_b="clone"))
    assert (found.members, found.clones, found.pairs) == (("a", "c"), {"b": "a"}, 1)
    assert family(design({"a": 4, "b": 10, "c": 10}, a_b="clone")).clones == {"a": "b"}
    assert family(design({"a": 10, "b": 10, "c": 10}, a_b="nested")).pairs == 2


def test_a_single_value_that_nothing_can_be_tested_against_is_not_called_level() -> None:
    six = dict.fromkeys("abcde", 6)
    few = family(design({**six, "grid": 6}, single=("grid",)))
    assert few.members == tuple("abcde")
    assert few.shown == {"grid": designs.seeds_needed("value", 15)}
    ten = dict.fromkeys((*six, "grid"), 10)
    assert family(design(ten, single=("grid",))).members == (*six, "grid")
    alone = family(design({"a": 4, "grid": 4}, single=("grid",)))
    assert alone.members == ("a", "grid")  # nothing can be tested at all, which is said of all
