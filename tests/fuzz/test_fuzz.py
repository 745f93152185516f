"""A thousand inputs made from valid ones by mutation: what must hold of each command holds; and a fault is found.

`make fuzz` goes on from here without end; benchmarks/fuzzing/faults.py puts earlier faults back and finds them.
"""

from collections import Counter
from pathlib import Path

import pytest
from fuzzing import cases
from fuzzing.templates import Templates

PARTS = 4
CASES = 1000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    return Templates(tmp_path_factory.mktemp("templates"))


@pytest.mark.parametrize("part", range(PARTS))
def test_no_input_ends_a_command_in_a_way_that_is_not_documented(part: int, made: Templates, tmp_path: Path) -> None:
    numbers = range(part, CASES, PARTS)
    played = [cases.play(number, made, cases.SUITE, keep=tmp_path, quick=True) for number in numbers]
    found = [f"case {each.number} ({each.kind}): {line}" for each in played for line in each.findings]
    assert not found
    kinds = Counter(each.kind for each in played)
    assert {"results", "stores", "logs", "tables", "spaces"} <= kinds.keys()  # others are rare
