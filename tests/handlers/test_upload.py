"""A statement's text that is sent as a file becomes a version as if it had been typed; once, or not at all and why."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.transports.base import TransportError, Why
from handlers.kit.messages import Attached
from storage import timeline
from storage.outbox import LEASE
from tests.chat import Chat, Said

TEXT = "我们看到了大家的反映，正在核实。\n今天 18:00 前在这里说明进展。"
FILE = Attached(id="F1", name="声明.txt", size=120, mime="text/plain")
WAYS = ["slack", "telegram"]


@pytest.fixture
async def chat(url: str, tmp_path: Path) -> AsyncIterator[Chat]:
    async with Chat(url, files=tmp_path / "evidence") as found:
        brings(found, TEXT.encode())
        await found.opens()
        await found.says("draft 1", by="吴桐")
        yield found


def brings(chat: Chat, content: bytes) -> None:
    for transport in chat.transports.values():
        transport.files["F1"] = content


async def card(chat: Chat, on: str, version: int = 1) -> Said:
    return await chat.card(f"statement:1:{version}", on=on)


async def refusals(chat: Chat) -> list[str]:
    return [entry.text for entry in await chat.entries() if entry.kind == "upload_refused"]


@pytest.mark.parametrize("on", WAYS)
async def test_a_text_file_in_reply_to_the_card_is_a_version_like_a_typed_one(chat: Chat, on: str) -> None:
    old = await card(chat, on)
    await chat.presses("statement.approve", await card(chat, "slack"), by="陈立")
    heard = await chat.says("edit", by="林悦", under=old, files=[FILE])
    assert "声明.txt" in heard.whisper.title
    first, second = await chat.versions()
    assert (first.state, second.state, second.text) == ("superseded", "pending", TEXT)
    assert second.authors == ["吴桐", "林悦"]
    assert second.made != second.hash
    assert not old.wires
    titles = [each.title for each in heard.posts if each.transport == on]
    assert "What v2 changes in v1" in titles
    assert (await card(chat, on, 2)).card.verbatim == TEXT
    uploaded, drafted = (await chat.entries())[-2:]
    assert (uploaded.kind, uploaded.by, uploaded.text) == ("uploaded", "林悦", "声明.txt")
    assert uploaded.data["sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
    assert (drafted.kind, drafted.by, drafted.data["text_hash"]) == ("drafted", "林悦", second.hash)
    assert "v2" in (await chat.refused("approve 1", by="吴桐")).title
    assert list(chat.delivery.shelf.folder.rglob("*")) == []


async def test_a_file_without_a_word_is_the_new_text_of_the_statement_that_it_replies_to(chat: Chat) -> None:
    old = await card(chat, "telegram")
    await chat.says("", by="林悦", under=old, files=[FILE])
    assert (await chat.versions())[-1].text == TEXT
    told = (await chat.says("", by="陈立", under=old, files=[FILE])).whisper
    assert "v1 is superseded by v2" in told.title
    heard = await chat.says("", by="林悦", under=await chat.card(on="telegram"), files=[FILE])
    assert heard.all == []
    assert len(await chat.versions()) == 2


async def test_a_file_may_be_the_answer_to_the_bot_s_question(chat: Chat) -> None:
    asked = (await chat.presses("statement.edit", await card(chat, "telegram"), by="林悦")).whisper
    where = {"under": asked, "channel": asked.channel, "answer": True}
    docx = replace(FILE, name="声明.docx", mime="")
    assert ".txt" in (await chat.refused("", by="林悦", **where, files=[docx])).text
    asked = (await chat.presses("statement.edit", await card(chat, "telegram"), by="林悦")).whisper
    assert "声明.txt" in (await chat.refused("见附件", by="林悦", **where, files=[FILE])).title
    asked = (await chat.presses("statement.edit", await card(chat, "telegram"), by="林悦")).whisper
    await chat.says("", by="林悦", **where, files=[FILE])
    assert (await chat.versions())[-1].text == TEXT


@pytest.mark.parametrize("words", ["edit 1", "edit 1 v1", "修改 1", "draft 1", "draft 1 full", "声明 1"])
async def test_the_command_is_the_files_caption(chat: Chat, words: str) -> None:
    await chat.says(words, by="林悦", on="telegram", files=[FILE])
    assert (await chat.versions())[-1].text == TEXT


async def test_a_file_may_be_the_first_text_and_may_name_its_template(chat: Chat) -> None:
    await chat.opens()
    await chat.says("draft 2 staff", by="林悦", on="telegram", files=[FILE])
    await chat.opens()
    await chat.says("edit 3", by="林悦", mention=True, files=[FILE])
    assert [(await chat.versions(number))[0].template for number in (2, 3)] == ["staff", ""]


async def test_a_reply_to_somebody_s_file_takes_that(chat: Chat) -> None:
    said = chat.writes("[document]", by="吴桐", on="slack")
    sent = chat.transports["telegram"].written
    said = replace(said, transport="telegram", channel="-1001")
    sent["-1001", said.message] = replace(
        chat.transports["slack"].written["C0ALERTS", said.message], files=(FILE,)
    )
    await chat.says("edit 1", by="林悦", replying=said)
    assert (await chat.versions())[-1].text == TEXT


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        TEXT.replace("\n", "\r\n").encode(),
        f"\n{TEXT}\u200b\n".encode(),
    ],
    ids=["bom", "gb18030", "windows", "unseen"],
)
async def test_what_people_s_programs_write_is_read(chat: Chat, content: bytes) -> None:
    brings(chat, content)
    await chat.says("edit 1", by="林悦", mention=True, files=[FILE])
    assert (await chat.versions())[-1].text == TEXT


async def test_a_statement_is_kept_as_written(chat: Chat) -> None:
    brings(chat, "请拨打 13812345678。".encode())
    heard = await chat.says("edit 1", by="林悦", mention=True, files=[FILE])
    assert (await chat.versions())[-1].text == "请拨打 13812345678。"
    assert any("L03" in each.text for each in heard.posts)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (replace(FILE, name="声明.docx", mime="application/msword"), "声明.docx"),
        (replace(FILE, name="蛋糕.png", mime="image/png"), "蛋糕.png"),
        (replace(FILE, name="声明.txt.exe"), "exe"),
        (replace(FILE, size=200_001), "200 KB"),
    ],
)
async def test_what_is_no_text_file_is_not_even_asked_for(chat: Chat, file: Attached, reason: str) -> None:
    for transport in chat.transports.values():
        transport.files.clear()
    for words in ("edit 1", "draft 1"):
        refusal = await chat.refused(words, by="林悦", on="telegram", files=[file])
        assert reason in refusal.title
        assert ".txt" in refusal.text
        assert "edit 1 TEXT" in refusal.text
    assert len(await chat.versions()) == 1


async def test_what_slack_makes_of_a_pasted_text_is_a_text(chat: Chat) -> None:
    await chat.says("edit 1", by="林悦", mention=True, files=[replace(FILE, name="Untitled")])
    assert len(await chat.versions()) == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "neither UTF-8 nor GB18030"),
        (TEXT.encode("utf-16"), "neither UTF-8 nor GB18030"),
        ("字".encode() * 20_001, "20001"),
        ("三家门店停售[F1]。".encode(), "[F1]"),
    ],
    ids=["empty", "blank", "picture", "utf-16", "long", "mark"],
)
async def test_what_cannot_be_a_statement_is_said_in_the_thread_with_the_way_out(
    chat: Chat, content: bytes, reason: str
) -> None:
    brings(chat, content)
    heard = await chat.says("edit 1", by="林悦", mention=True, files=[FILE])
    told = next(each for each in heard.posts if each.title.startswith("No new version"))
    assert reason in told.title
    assert told.card.text
    assert told.calls == ("林悦",)
    assert told.thread
    assert await refusals(chat) == ["声明.txt"]
    assert len(await chat.versions()) == 1


async def test_the_same_text_is_no_new_version(chat: Chat) -> None:
    brings(chat, (await chat.versions())[0].text.encode())
    heard = await chat.says("edit 1", by="林悦", mention=True, files=[FILE])
    assert any("same as v1" in each.title for each in heard.posts)
    assert len(await chat.versions()) == 1


async def test_words_and_a_file_are_one_too_many_and_so_are_two_files(chat: Chat) -> None:
    assert "声明.txt" in (await chat.refused("edit 1 请看附件", by="林悦", mention=True, files=[FILE])).title
    two = [FILE, replace(FILE, id="F2", name="二稿.md")]
    assert "二稿.md" in (await chat.refused("edit 1", by="林悦", mention=True, files=two)).title
    await chat.says("edit 1 新的文字", by="林悦", mention=True, files=[replace(FILE, name="蛋糕.png")])
    assert (await chat.versions())[-1].text == "新的文字"


async def test_whoever_may_not_edit_may_not_send_a_file(chat: Chat) -> None:
    await chat.refused("edit 1", by="周帆", on="telegram", files=[FILE])
    assert "v1" in (await chat.refused("edit 1 v7", by="林悦", on="telegram", files=[FILE])).title
    await chat.says("dismiss 1 旧图", by="陈立")
    for words in ("edit 1", "draft 1"):
        assert "reopen 1" in (await chat.refused(words, by="林悦", on="telegram", files=[FILE])).text


async def test_what_was_written_while_the_file_was_on_its_way_is_not_overwritten(chat: Chat) -> None:
    chat.transports["slack"].failing["read_file"] = [TransportError("away")]
    await chat.says("edit 1", by="林悦", mention=True, files=[FILE])
    await chat.says("edit 1 急改的文字", by="陈立")
    heard = await chat.passes(minutes=1)
    told = next(each for each in heard.posts if each.title.startswith("No new version"))
    assert "v2" in told.title
    assert "edit 1 v2" in told.card.text
    assert [each.text for each in await chat.versions()][1:] == ["急改的文字"]
    await chat.says("edit 1 v2", by="林悦", mention=True, files=[FILE])
    assert (await chat.versions())[-1].text == TEXT


async def test_an_incident_that_was_closed_meanwhile_takes_no_text(chat: Chat) -> None:
    chat.transports["slack"].failing["read_file"] = [TransportError("away")]
    await chat.says("edit 1", by="林悦", mention=True, files=[FILE])
    await chat.says("dismiss 1 旧图", by="陈立")
    await chat.passes(minutes=1)
    assert await refusals(chat) == ["声明.txt"]
    assert len(await chat.versions()) == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TransportError("gone", permanent=True, why=Why.GONE), "gone"),
        (TransportError("200001 bytes", permanent=True, why=Why.TOO_LARGE), "200 KB"),
        (OSError("no space left"), "reference"),
    ],
)
async def test_a_file_that_cannot_be_had_is_told_to_who_sent_it(
    chat: Chat, error: Exception, reason: str
) -> None:
    chat.transports["slack"].failing["read_file"] = [error] * 3
    heard = await chat.says("edit 1", by="林悦", mention=True, files=[FILE])
    heard.posts += [each for _ in range(3) for each in (await chat.passes(minutes=1)).posts]
    told = next(each for each in heard.posts if each.title.startswith("No new version"))
    assert reason in told.title
    assert told.calls == ("林悦",)
    assert await refusals(chat) == ["声明.txt"]


async def test_a_bot_killed_while_it_fetches_makes_one_version(chat: Chat) -> None:
    telegram = chat.transports["telegram"]
    await chat.dispatch.receive(chat.typed("edit 1", by="林悦", on="telegram", files=[FILE]))
    await chat.dispatch.drain()
    row = next(row for row in (await chat._due("telegram"))["telegram"] if row.kind == "fetch")
    claim = await chat.delivery._claimed(row)
    assert claim is not None
    await chat.delivery._hand_over(telegram, claim)
    # Here it dies: the text is lost, and nobody knows.
    await chat.settle()
    assert len(await chat.versions()) == 1
    chat.clock.passes(LEASE + timedelta(seconds=1))
    await chat.settle()
    # And the sender that was taken for dead is not.
    came = await chat.delivery._hand_over(telegram, claim)
    async with chat.database.write() as session:
        await chat.delivery._note(session, claim.row, came)
    await chat.settle()
    assert [each.text for each in await chat.versions()][1:] == [TEXT]
    assert (await chat.kinds()).count("uploaded") == 1
    assert await refusals(chat) == []
    async with chat.database.read() as session:
        assert await timeline.broken(session, await chat.incident()) == ""


async def test_a_drill_s_text_stays_in_the_drills_room(chat: Chat) -> None:
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.looks()
    heard = await chat.says("edit 2", by="林悦", on="telegram", room="drills", files=[FILE])
    [version] = await chat.versions(2)
    assert (version.text, version.drill_id is None) == (TEXT, False)
    assert {each.channel for each in heard.posts} == {"C0DRILL", "-1002"}
