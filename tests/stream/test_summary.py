"""The live summary says what stands in the records, read while they are written."""

import json
from pathlib import Path

from bench.stream.summary import Summary


def write(path: Path, *entries: object, end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write("\n".join(map(json.dumps, entries)) + end)


def answer(number: int, version: int, right: bool, unseen: bool = True) -> dict[str, object]:
    label = "a" if right else "b"
    return {
        "key": str(number),
        "version": version,
        "unseen": unseen,
        "seconds": 0.25,
        "target": "a",
        "prediction": label,
    }


def test_counts_accuracy_on_rows_that_were_new_and_versions(tmp_path) -> None:
    predictions, tunings = tmp_path / "predictor/predictions.jsonl", tmp_path / "trainer/tunings.jsonl"
    summary = Summary(tmp_path)
    summary.look()
    assert summary.facts()["champion"] == "none yet"
    write(predictions, answer(0, 1, True, unseen=False), answer(1, 1, True), answer(2, 1, False))
    write(predictions, {"key": "3", "version": 1, "unseen": True, "error": "message is no JSON"})
    write(predictions, answer(4, 2, True), end="")  # half a line is none yet
    write(tunings, {"key": "begun-100", "rows": 100})
    summary.look()
    assert summary.facts() == {
        "predictions": "4, 4 rows, 1 could not be predicted",
        "versions": "0, of which 0 became champion; tuning on 100 rows",
        "champion": "none yet",
        "accuracy": "50.0% of 2 rows that were new to their version; 50.0% of the latest 2",
        "from sending to answer": "median 0.250 s",
    }
    write(predictions)
    ended = {"metric": "log_loss", "loss": 0.25, "seconds": 4.0}
    write(tunings, {"key": "ended-100", "rows": 100, "version": 1, "better": True, **ended})
    write(tunings, {"key": "ended-150", "rows": 150, "version": 2, "better": False, "champion_loss": 0.2, **ended})
    write(tunings, {"key": "ended-200", "rows": 200, "failed": "one class"})
    summary.look()
    facts = summary.facts()
    assert facts["predictions"] == "5, 5 rows, 1 could not be predicted"
    assert (facts["versions"], facts["champion"]) == ("2, of which 1 became champion", "version 1")
    assert facts["accuracy"].startswith("66.7% of 3 rows")
    assert [summary.told(event) for event in summary.ended] == [
        "version 1, log_loss 0.2500, 4 s: champion",
        "version 2, log_loss 0.2500 against 0.2000, 4 s: the champion stays",
        "nothing came of tuning: one class",
    ]


def test_of_numbers_the_root_mean_squared_error(tmp_path) -> None:
    numbers = [{"key": str(n), "version": 1, "unseen": True, "target": 0.0, "prediction": float(n)} for n in (3, 4)]
    write(tmp_path / "predictor/predictions.jsonl", *numbers)
    summary = Summary(tmp_path)
    summary.look()
    assert summary.facts()["error"] == "RMSE 3.536 on 2 rows that were new to their version"
