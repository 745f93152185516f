"""What is sent to an experiment tracker: `records` says what of a run, `mlflow_client` alone talks to MLflow.

MLflow reads its settings when it is imported, which whatever imports it does after this package.
"""

import os

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # nothing is sent but to the server that is named
os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")  # else it tells of each table of a database that it makes
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # else two lines for each run
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # else a server that is down is asked for minutes
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
