"""Arrow arrays made without pandas: what pyarrow makes of the same values, to the byte of the file."""

import io
import math
from datetime import UTC, datetime

import drawing
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.results import SCHEMA, arrays

VALUES = {
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(st.characters(exclude_categories=["Cs"])),
    pa.timestamp("us", tz="UTC"): st.datetimes(timezones=st.just(UTC)),
    pa.dictionary(pa.int32(), pa.string()): st.sampled_from(["a", "b", "ü", ""]),
}
KINDS = pa.schema([(str(type_), type_) for type_ in VALUES], {"bench": "{}"})

rows = st.lists(st.fixed_dictionaries({str(type_): st.none() | VALUES[type_] for type_ in VALUES}), max_size=20)


def stored(table):
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return file.getvalue()


@drawing.examples(60)
@given(rows)
def test_a_table_is_that_of_pyarrow_to_the_byte(rows):
    assert stored(arrays.table(rows, KINDS)) == stored(pa.Table.from_pylist(rows, schema=KINDS))


def test_every_column_of_a_trial_table_has_one_of_these_types():
    assert {field.type for field in SCHEMA} == set(VALUES)


def test_a_missing_key_is_null_as_in_pyarrow():
    schema = pa.schema([("a", pa.float64()), ("b", pa.string())])
    assert arrays.table([{"a": 1.0}, {"b": "x"}], schema).to_pylist() == [{"a": 1.0, "b": None}, {"a": None, "b": "x"}]


def test_nan_stays_nan_and_none_is_null():
    array = arrays.array([math.nan, None], pa.float64())
    assert array.null_count == 1
    assert math.isnan(array[0].as_py())


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (1.5, pa.int64()),
        ("1", pa.float64()),
        (2**31, pa.int32()),
        (1, pa.string()),
        ("2020", pa.timestamp("us", tz="UTC")),
        (datetime(2020, 1, 1), pa.timestamp("us", tz="UTC")),  # noqa: DTZ001 - without a zone it is none of the type
    ],
)
def test_a_value_of_another_type_is_refused(value, type_):
    with pytest.raises((TypeError, OverflowError, AttributeError)):
        arrays.array([value], type_)


def test_texts_too_long_for_one_array_are_left_to_pyarrow(monkeypatch):
    monkeypatch.setattr(arrays, "_LONGEST", 3)
    assert arrays.array(["ab", None, "cd"], pa.string()).to_pylist() == ["ab", None, "cd"]
