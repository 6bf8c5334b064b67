"""The ingest in a process of its own: who may end it."""

from __future__ import annotations

import multiprocessing
import os
import signal

import pytest

from bot.monitor.worker import Worker
from tests.cast import setup


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_only_the_bot_ends_its_worker_so_a_signal_to_every_process_of_a_service_does_not(
    url: str, number: signal.Signals
) -> None:
    worker = Worker(setup(url))
    before = {each.pid for each in multiprocessing.active_children()}
    try:
        assert (await worker.explain("蛋糕发霉")).score.negative > 0
        [process] = [each for each in multiprocessing.active_children() if each.pid not in before]
        assert process.pid
        os.kill(process.pid, number)
        assert (await worker.explain("蛋糕发霉")).score.negative > 0
        assert process.is_alive()
    finally:
        worker.stop()
    process.join(10)
    assert process.exitcode == 0
