"""Options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

ResultsDir = Annotated[Path, typer.Option(help="Where the trial tables are.")]
DatasetsDir = Annotated[Path, typer.Option(help="Where datasets are.")]
ConfigDir = Annotated[
    Path | None, typer.Option("--config-dir", help="A folder with your own configs, laid out as conf/.")
]
StoreUrl = Annotated[
    str | None, typer.Option("--store", help="The store's SQLAlchemy URL, where it is not in results_dir.")
]
DEFAULT_URI = "sqlite:///mlflow.db"
TrackingUri = Annotated[
    str,
    typer.Option(envvar="MLFLOW_TRACKING_URI", help="MLflow: a database or a server: sqlite:///mlflow.db, http://..."),
]
