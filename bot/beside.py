"""What a handler looks up at length is looked up beside the transaction that writes (see `Context.beside`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from handlers.kit.context import Beside
from storage.database import Database

Result = TypeVar("Result")


async def run(database: Database, work: Callable[[list[Any]], Awaitable[Result]]) -> Result:
    """Run a transaction. Where it needs something that takes long, it is rolled back, and run again once that is found.

    Args:
        database: where things are looked up.
        work: the transaction; it is given what was found so far.
    """
    found: list[Any] = []
    while True:
        try:
            return await work(list(found))
        except Beside as need:
            look = need.look
        async with database.read() as session:
            found.append(await look(session))
