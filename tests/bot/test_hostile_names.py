"""Hostile names, and hostile words on the board: who somebody says to be is only a name."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from bot.web.board import Board
from storage.models import State
from tests.bot.hostile import (
    EVE,
    HOSTILE,
    Stage,
    assert_harmless_markdown,
    assert_harmless_page,
    hostile,
    stage,
)
from tests.servers.telegram import User

__all__ = ["stage"]


# Who they say they are


@hostile("calls", "commands", "unbroken", "control", "zero width", "accents", "braces", "setext", "sql")
async def test_a_name_is_only_a_name(stage: Stage, words: str) -> None:
    """A guest may call himself what he likes: he is who the platform says, and his name does nothing."""
    name = words[:64]
    eve = User(EVE, name, "eve")
    await stage.types("new orange user_complaint x")
    await stage.writes("/log 1 hello", by=eve)
    await stage.writes("/claim 1", by=eve)
    await stage.writes("/approve 1", by=eve)
    await stage.writes("/whoami", by=eve)
    incident = await stage.chat.incident()
    assert incident.owner.endswith(f"({EVE})")
    await stage.is_harmless()
    assert_harmless_page(await stage.board())
    await stage.types("close 1 x", by="U0CHEN")
    await stage.types("review 1")
    assert (await stage.chat.incident()).state == State.REVIEWED
    assert_harmless_markdown(await stage.review())
    await stage.is_harmless()


async def test_nobody_passes_for_somebody_else_by_name(stage: Stage) -> None:
    await stage.types("new orange user_complaint x")
    await stage.types("claim 1")
    await stage.types("draft 1")
    for name in ("陈立", "陈立\u200b", "<@U0CHEN>", "陈立(1002)"):
        await stage.writes("/approve 1", by=User(EVE, name, "chenli"))
        await stage.writes("/close 1 x", by=User(EVE, name, "chenli"))
    assert (await stage.chat.incident()).state == State.CLAIMED
    assert [each.state for each in await stage.chat.versions()] == ["pending"]


# The board over HTTP


async def test_the_board_shows_hostile_words_as_words(stage: Stage) -> None:
    for words in HOSTILE.values():
        await stage.types(f"new red user_complaint x {words}")
    board = Board(database=stage.chat.database, team=stage.chat.team, clock=stage.chat.clock)
    site = httpx.ASGITransport(app=Starlette(routes=[Route("/", board.page)]))
    async with httpx.AsyncClient(transport=site, base_url="http://localhost") as http:
        answer = await http.get("/")
    assert answer.status_code == 200
    assert_harmless_page(answer.text)
    assert "49" not in answer.text.partition("</style>")[2]
