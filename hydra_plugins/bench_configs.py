"""Lets Hydra find the configs of plug-ins and of a user's folder, after the suite's own, and read them as it does.

Hydra looks in this namespace alone.
"""

from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin

from bench.config import including, reading
from bench.config.folders import chosen, folders

SCHEME = "bench"


class BenchSearchPath(SearchPathPlugin):
    """Adds each plug-in's folder `conf`, and the folder of --config-dir."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for folder in folders(chosen())[1:]:
            search_path.append(provider=folder.owner, path=f"{SCHEME}://{folder.path}")


class BenchConfigSource(ConfigSource):
    """A folder whose files are looked at before they are read: see `bench.config.reading`."""

    @staticmethod
    def scheme() -> str:
        return SCHEME

    def load_config(self, config_path: str) -> ConfigResult:
        path = self._file(config_path)
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found : {path}")
        config = reading.load(path)
        including.check(path, config_path.removesuffix(".yaml"), chosen())
        header = self._get_header_dict(reading.text(path)[:512])
        return ConfigResult(provider=self.provider, path=self.full_path(), config=config, header=header)

    def available(self) -> bool:
        return self.is_group("")

    def is_group(self, config_path: str) -> bool:
        return (Path(self.path) / config_path).is_dir()

    def is_config(self, config_path: str) -> bool:
        path = self._file(config_path)
        return path.is_symlink() or path.exists()  # what is no file is refused when it is read

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        files: list[str] = []
        for path in sorted((Path(self.path) / config_path).iterdir()):
            self._list_add_result(files, str(Path(config_path) / path.name), path.name, results_filter)
        return files

    def _file(self, config_path: str) -> Path:
        return Path(self.path) / self._normalize_file_name(config_path)
