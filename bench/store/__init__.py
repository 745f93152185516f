"""The store: every evaluation ever made, who is evaluating what, and the journal of runs, in SQL.

An evaluation is committed before its optimiser is told, so that a killed process loses at most the one it was in.
SQLite (write-ahead log, synchronous=NORMAL: survives a killed process) serves one host, PostgreSQL many.
"""

from bench.store.database import StoreError, default_url
from bench.store.journal import Journal, Journalled, Progress, now
from bench.store.store import Busy, Claimed, Store, Stored, compact, wait
from bench.store.unstored import Unstored

__all__ = [
    "Busy",
    "Claimed",
    "Journal",
    "Journalled",
    "Progress",
    "Store",
    "StoreError",
    "Stored",
    "Unstored",
    "compact",
    "default_url",
    "now",
    "wait",
]
