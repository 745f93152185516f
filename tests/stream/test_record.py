"""A record is what was written, whole lines and each key once, whenever its writer was killed."""

import json

import pytest

from bench.errors import UserError
from bench.stream.record import Place, Record


def entry(number: int, topic: str = "t") -> dict[str, object]:
    return {"key": f"k{number}", "topic": topic, "offset": number, "text": "ü" * number}


def test_a_file_cut_anywhere_is_its_whole_lines_and_grows_on_from_there(tmp_path) -> None:
    path = tmp_path / "record.jsonl"
    record = Record(path)
    record.append(map(entry, range(3)))
    record.close()
    whole = path.read_bytes()
    ends = [0, *(place + 1 for place, byte in enumerate(whole) if byte == ord("\n"))]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        record = Record(path)
        there = sum(end <= length for end in ends) - 1
        assert (len(record), path.read_bytes()) == (there, whole[: ends[there]])
        assert record.place == (Place("t", there - 1) if there else None)
        assert record.append(map(entry, range(3))) == 3 - there
        record.close()
        assert path.read_bytes() == whole


def test_a_key_is_taken_once_also_within_one_batch(tmp_path) -> None:
    record = Record(tmp_path / "record.jsonl")
    assert record.append([entry(1), entry(2), entry(1)]) == 2
    assert record.append([entry(2), entry(3)]) == 1
    assert [each["key"] for each in record.entries()] == ["k1", "k2", "k3"]
    assert [each["key"] for each in record.entries(1, 2)] == ["k2"]
    assert [record.message(number)[0] for number in range(3)] == ["k1", "k2", "k3"]
    assert json.loads(record.message(2)[1]) == entry(3)


def test_one_process_has_it_at_a_time(tmp_path) -> None:
    record = Record(tmp_path / "record.jsonl")
    with pytest.raises(UserError, match="another process is writing it"):
        Record(tmp_path / "record.jsonl")
    record.close()
    Record(tmp_path / "record.jsonl").close()


def test_what_others_wrote_is_refused_and_stays(tmp_path) -> None:
    path = tmp_path / "record.jsonl"
    path.write_text('{"key": "a", "topic": "t", "offset": 0}\n[1]\n')
    with pytest.raises(UserError, match="line 2 is none that was written here"):
        Record(path)
    assert path.read_text().endswith("[1]\n")


def test_without_room_nothing_of_a_batch_is_kept(tmp_path, monkeypatch) -> None:
    record = Record(tmp_path / "record.jsonl")
    record.append([entry(1)])
    before = record.path.read_bytes()
    write = __import__("os").write

    def full(file: int, content: bytes) -> int:
        monkeypatch.setattr("os.write", raising)
        return write(file, content[:5])

    def raising(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(UserError, match=r"No space left on device.*make room"):
        record.append([entry(2)])
    assert record.path.read_bytes() == before
    monkeypatch.undo()
    assert record.append([entry(2)]) == 1
