"""What leaves for an experiment tracker: `records` says what of a run is sent, `mlflow_client` alone talks to MLflow."""
