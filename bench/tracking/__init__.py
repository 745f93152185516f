"""What is sent to an experiment tracker: `records` says what of a run, `mlflow_client` alone talks to MLflow."""
