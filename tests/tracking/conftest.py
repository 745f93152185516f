"""What tests of trackers share."""

from pathlib import Path

import pytest

client = pytest.importorskip("bench.tracking.mlflow_client")  # before MLflow itself, whose telemetry it turns off


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database of MLflow's: to make one takes seconds, to copy it none."""
    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    client.MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments()
    return path
