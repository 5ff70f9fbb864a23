"""Reads what the clients wrote while no keeper ran: a short process of its own, so that the gateway is not slowed.

`python -m keepalive.catch_up`; the worker starts it once. Nothing depends on it: whatever it leaves is read by the
next one, or by `warmside import`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from keepalive import config as configuration
from keepalive import pricing
from keepalive.keeper_log import log_to
from keepalive.paths import find_paths
from keepalive.supervisor import python_module
from store.database import StoreError
from store.ingest.importer import import_scan
from store.ingest.scan import scan_clients
from store.migrations import open_store

log = logging.getLogger("warmside.catch_up")

NICENESS = 10


async def beside() -> None:
    """Run it as a process of its own, until it is done or we are cancelled."""
    process = await asyncio.create_subprocess_exec(*python_module("keepalive.catch_up"), stdin=subprocess.DEVNULL)
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def price_models(connection: sqlite3.Connection) -> None:
    """Look up prices of models that requests name and the store has no price of."""
    missing = connection.execute(
        "SELECT DISTINCT model FROM requests WHERE model != '' AND model NOT IN (SELECT model FROM prices)"
    ).fetchall()
    for (model,) in missing:
        pricing.ensure(connection, model)


def main() -> int:
    """Import the clients' own folders; returns the exit code."""
    os.nice(NICENESS)
    paths = find_paths()
    log_to(paths.log_file)
    try:
        config = configuration.load(paths.config_file)
    except configuration.ConfigError:
        config = configuration.without_pings(paths.config_file)  # (the worker has said what is wrong with it)
    try:
        with closing(open_store(paths.store_file)) as connection:
            scan = scan_clients(os.environ, Path.home())
            totals = import_scan(connection, scan, lifetime=config.ttl, keeping=lambda: config.keeping)
            if totals.files:
                price_models(connection)
    except (sqlite3.Error, StoreError) as error:
        log.warning("not every transcript was read: %s", error)
        return 1
    if totals.files or totals.errors:
        log.info(
            "read %d transcripts in %.1f s: %d turns, %d requests, %d could not be read",
            *(totals.files, totals.seconds, totals.turns, totals.requests, totals.errors),
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
