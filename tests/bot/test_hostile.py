"""Hostile words on their whole way: through the real monitor and handlers to both platforms' wires, the board, the review.

Whatever the public, a guest or a colleague writes is shown, and that is all it does: it calls nobody, links nowhere, runs
nothing, breaks no card, and the incident can still be worked on to its end.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest

from bot.transports.text import plain
from storage.models import Incident, State
from tests.bot.hostile import (
    COMPLAINT,
    HOSTILE,
    URL,
    Stage,
    all_of,
    assert_harmless_markdown,
    assert_harmless_page,
    hostile,
    stage,
)
from tests.chat import rotten

__all__ = ["stage"]


# What the public says


@hostile("slack", "html", "long", "bidi", "emoji", "markdown", "json", "links", "buttons")
async def test_what_the_public_says_is_only_shown(stage: Stage, words: str) -> None:
    found = [
        rotten(
            f"{COMPLAINT} {number} {words}", title=words, url=URL, keyword=words, place=words, parent_id=words
        )
        for number in range(2)
    ]
    found.append(rotten(f"{words[:500]} {COMPLAINT}", url=URL))
    found = [replace(each, nickname=words, author=f"{number}{words}") for number, each in enumerate(found)]
    await stage.chat.mentions(*found)
    await stage.is_harmless()
    [incident] = await all_of(stage, Incident)
    assert (incident.state, incident.owner) == (State.OPEN, "")
    assert_harmless_page(await stage.board())
    await to_the_end(stage)
    await stage.is_harmless()
    assert_harmless_markdown(await stage.review())


async def to_the_end(stage: Stage) -> None:
    """The incident is claimed on one platform, seen on the other, answered, closed and reviewed."""
    assert (await stage.slack.press(stage.card().ts, "incident.claim:1", user="U0LIN")).ok
    await stage.chat.settle()
    assert (await stage.chat.incident()).owner == "林悦"
    assert "林悦" in stage.copy().text
    await stage.telegram.press(stage.copy(), "incident.respond:1", user=1001)
    await stage.telegram.until(lambda: not stage.telegram.pending)
    await stage.chat.settle()
    await stage.types("draft 1")
    await stage.types("close 1 done", by="U0CHEN")
    await stage.types("review 1")
    assert (await stage.chat.incident()).state == State.REVIEWED


# What the team writes


@hostile("slack", "html", "control", "markdown")
async def test_what_people_type_is_only_shown(stage: Stage, words: str) -> None:
    """On Slack and on Telegram by turns."""
    turns = itertools.cycle(("slack", "telegram"))

    async def types(text: str, *, lead: bool = False) -> None:
        if next(turns) == "slack":
            await stage.types(text, by="U0CHEN" if lead else "U0LIN")
        else:
            await stage.writes(f"/{text}", by=1002 if lead else 1001)

    # Ten thousand characters as a text; they would say nothing new as a reason.
    short = words[:500]
    await types(f"new orange user_complaint x {short}")
    await types("claim 1")
    await types("playbook 1 user_complaint")
    await types(f"step 1 1 done x {short}")
    await types(f"log 1 x {words}")
    await types(f"level 1 red x {short}")
    await types("draft 1")
    await types(f"edit 1 x {short}")
    await types(f"changes 1 x {short}", lead=True)
    await types(f"edit 1 again {words}")
    await types(f"veto 1 x {short}", lead=True)
    for look_at in ("show 1", "timeline 1", "list", "whoami"):
        await types(look_at)
    await types(f"release 1 x {short}")
    await types("claim 1", lead=True)
    await types(f"close 1 x {short}", lead=True)
    await types(f"reopen 1 x {short}", lead=True)
    await types(f"close 1 x {short}", lead=True)
    await types("review 1")
    await stage.is_harmless()
    [incident] = await all_of(stage, Incident)
    assert (incident.state, incident.owner) == (State.REVIEWED, "陈立")
    kinds = await stage.chat.kinds()
    assert kinds == [
        "opened", "claimed", "playbook", "step_done", "log", "level", "brief", "drafted", "drafted", "changes", "drafted", "veto",
        "released", "claimed", "closed", "reopened", "closed", "reviewed",
    ]  # fmt: skip
    assert_harmless_markdown(await stage.review())
    assert_harmless_page(await stage.board())


@hostile(*HOSTILE)
async def test_a_statement_is_kept_to_the_letter(stage: Stage, words: str) -> None:
    """What is seen is what is approved: the text itself, with nothing in it that nobody sees."""
    await stage.types("new orange user_complaint x")
    await stage.types("claim 1")
    text = plain(f"x {words}").strip()
    await stage.types(f"edit 1 x {words}")
    [version] = await stage.chat.versions()
    assert re.sub(r"\s+", " ", version.text) == re.sub(r"\s+", " ", text)
    shown = [each for each in stage.slack.posted if "Statement #1 v1" in each.shown]
    bodies = [each.shown.partition("\n")[2] for each in shown if each.thread_ts]
    assert "".join(text.split()) in "".join("".join(body.split()) for body in bodies)
    await stage.is_harmless()


@pytest.mark.parametrize("kind", ["slack", "commands", "html", "long", "control", "markdown", "json"])
async def test_a_form_takes_any_answer(stage: Stage, kind: str) -> None:
    words = HOSTILE[kind]
    await stage.types("new orange user_complaint x")
    await stage.types("claim 1")
    await stage.slack.command("edit 1", user="U0LIN")
    await stage.types("draft 1")
    draft = next(each for each in stage.slack.posted if "Statement #1 v1" in each.shown and each.thread_ts)
    assert (await stage.slack.press(draft.ts, "statement.changes:1 v1", user="U0CHEN")).ok
    await stage.chat.settle()
    view = stage.slack.views[-1]
    field = next(block["block_id"] for block in view["blocks"] if block["type"] == "input")
    assert (await stage.slack.submit(view, {field: words[:3000]}, user="U0CHEN")).ok
    await stage.chat.settle()
    assert "changes" in await stage.chat.kinds()
    await stage.is_harmless()
    assert_harmless_markdown(await stage.review())
