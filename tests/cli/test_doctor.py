"""`bench doctor`: what it says of this machine is so."""

import importlib.metadata
import os

import openml
import pytest
from commands import bench
from openml_server import serving

from bench.cli import doctor
from bench.running.cores import cores


@pytest.fixture
def said(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return {line.split()[0]: line for line in doctor.lines(offline=True)}


def test_versions_cores_and_variables_are_those_of_this_process(said):
    assert f"numpy {importlib.metadata.version('numpy')}" in said["libraries"]
    assert f"{os.cpu_count()} cores, {cores()} of them" in said["processor"]
    assert "OMP_NUM_THREADS=1" in said["variables"]
    assert "openblas" in said["threads"]
    assert said["OpenML"].endswith("not asked")


def test_what_an_extra_lacks_is_named(monkeypatch):
    lacking = {"nevergrad", "smac"}
    version = importlib.metadata.version

    def without(name):
        if name in lacking:
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", without)
    doctor.provenance._version.cache_clear()
    try:
        (line,) = [line for line in doctor.lines(offline=True) if line.startswith("extras")]
    finally:
        doctor.provenance._version.cache_clear()
    assert "nevergrad without nevergrad" in line
    assert "smac without smac" in line
    assert "postgresql;" in line
    assert "dev" not in line


def test_a_server_that_answers_and_one_that_does_not(monkeypatch):
    with serving() as server:
        monkeypatch.setattr(openml.config, "server", server.url)
        assert doctor.openml().endswith("is reachable")
    assert "is not reachable (" in doctor.openml()


def test_a_wait_policy_that_spins_is_warned_of(monkeypatch):
    monkeypatch.setitem(doctor.provenance.environment(), "omp_wait_policy", "")
    assert any(line.startswith("warning") for line in doctor.lines(offline=True))


def test_it_fits_a_screen(capsys):
    assert bench("doctor", "--offline") == 0
    out = capsys.readouterr().out
    assert 8 <= len(out.splitlines()) < 24
    assert "hpo-compare" in out
