"""Files as evidence: fetched, hashed, stored under their hash, and said; once, or not at all and why."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.errands import PATIENCE, forget_files
from bot.transports.base import TransportError, Why
from bot.wire import from_json, to_json
from handlers.kit.messages import Attached, Typed
from storage import timeline
from storage.models import Entry, Outbox
from storage.outbox import LEASE
from tests.chat import Chat, rows

PHOTO = b"\x89PNG mouldy cake"
DIGEST = hashlib.sha256(PHOTO).hexdigest()
FILE = Attached(id="F1", name="蛋糕.png", size=len(PHOTO), mime="image/png")


@pytest.fixture
async def chat(url: str, tmp_path: Path) -> AsyncIterator[Chat]:
    async with Chat(url, files=tmp_path / "evidence") as found:
        for transport in found.transports.values():
            transport.files["F1"] = PHOTO
        await found.opens()
        yield found


def stored(chat: Chat) -> list[Path]:
    return sorted(path for path in chat.delivery.shelf.folder.rglob("*") if path.is_file())


async def evidence(chat: Chat, kind: str = "evidence") -> list[Entry]:
    return [entry for entry in await chat.entries() if entry.kind == kind]


async def test_a_file_with_a_log_entry_is_stored_under_its_hash_and_the_hash_is_an_entry(chat: Chat) -> None:
    heard = await chat.says("log 1 顾客发来的照片", by="林悦", on="telegram", files=[FILE])
    assert "蛋糕.png" in heard.whisper.text
    [first] = await evidence(chat, "log")
    assert (first.text, first.data["files"]) == ("顾客发来的照片", ["蛋糕.png"])
    [entry] = await evidence(chat)
    assert (entry.text, entry.by) == ("蛋糕.png", "林悦")
    assert entry.data == {
        "sha256": DIGEST,
        "hash": DIGEST[:12],
        "size": len(PHOTO),
        "mime": "image/png",
        "entry": first.seq,
    }
    [path] = stored(chat)
    assert path == chat.delivery.shelf.folder / "1" / DIGEST
    assert path.read_bytes() == PHOTO
    assert [each.stat().st_mode & 0o777 for each in (path, path.parent, path.parent.parent)] == [
        0o600,
        0o700,
        0o700,
    ]
    said = [each for each in heard.posts if DIGEST[:12] in each.text]
    assert {each.transport for each in said} == {"slack", "telegram"}
    assert all(each.thread and "蛋糕.png" in each.title for each in said)


async def test_a_step_and_a_task_take_files_too(chat: Chat) -> None:
    await chat.says("playbook 1 user_complaint", by="林悦")
    await chat.says("step 1 1 done 已截图", by="林悦", mention=True, files=[FILE])
    await chat.says("task 1 给顾客回电 @林悦 2h", by="林悦")
    await chat.says("task 1 1 done", by="林悦", on="telegram", files=[FILE])
    seqs = {entry.kind: entry.seq for entry in await chat.entries()}
    assert [entry.data["entry"] for entry in await evidence(chat)] == [seqs["step_done"], seqs["task_done"]]
    assert len(stored(chat)) == 1


async def test_a_reply_with_log_keeps_the_file_of_the_message_it_replies_to(chat: Chat) -> None:
    for number, words in enumerate(("log 1", "log 1 顾客发来的照片"), 1):
        said = chat.writes("[photo]", by="陈立", on="telegram")
        sent = chat.transports["telegram"].written
        sent[said.channel, said.message] = replace(sent[said.channel, said.message], files=(FILE,))
        await chat.says(words, by="林悦", replying=said)
        assert len(await evidence(chat)) == number


async def test_a_file_without_a_word_is_logged_by_its_name(chat: Chat) -> None:
    said = chat.writes("", by="陈立", under=await chat.card())
    sent = chat.transports["slack"].written
    sent[said.channel, said.message] = replace(sent[said.channel, said.message], files=(FILE,))
    await chat.pins(said, by="林悦")
    await chat.pins(said, by="陈立")
    await chat.says("log 1", by="林悦", on="telegram", files=[FILE])
    assert [entry.text for entry in await evidence(chat, "log")] == ["陈立：蛋糕.png", "蛋糕.png"]
    assert len(await evidence(chat)) == 2


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (TransportError("no", permanent=True, why=Why.GONE), "deleted"),
        (TransportError("no", permanent=True, why=Why.NO_RIGHTS), "files:read"),
        (TransportError("Slack has only a link to it", permanent=True), "only a link"),
        (OSError("no space left"), "reference"),
    ],
)
async def test_what_cannot_be_kept_is_said_with_the_reason_to_whoever_gave_it(
    chat: Chat, error: Exception, reason: str
) -> None:
    chat.transports["slack"].failing["read_file"] = [error] * 3
    heard = await chat.says("log 1 照片", by="林悦", mention=True, files=[FILE])
    heard.posts += [each for _ in range(3) for each in (await chat.passes(minutes=1)).posts]
    assert [entry.text for entry in await evidence(chat, "evidence_lost")] == ["蛋糕.png"]
    told = next(each for each in heard.posts if reason in each.text)
    assert told.calls == ("林悦",)
    assert stored(chat) == []


async def test_a_file_over_the_limit_is_not_even_asked_for(chat: Chat) -> None:
    chat.transports["slack"].files.clear()
    await chat.says("log 1 视频", by="林悦", mention=True, files=[replace(FILE, size=20 * 2**20 + 1)])
    [entry] = await evidence(chat, "evidence_lost")
    assert entry.data["why"] == "too_large"


async def test_a_platform_that_is_away_is_asked_again_for_a_day(chat: Chat) -> None:
    chat.transports["slack"].failing["read_file"] = [TransportError("away")] * 2
    await chat.says("log 1 照片", by="林悦", mention=True, files=[FILE])
    assert await evidence(chat) == []
    await chat.passes(minutes=1)
    await chat.passes(minutes=1)
    assert len(await evidence(chat)) == 1
    chat.transports["slack"].failing["read_file"] = [TransportError("away")] * 2
    await chat.says("log 1 照片", by="林悦", mention=True, files=[FILE])
    await chat.passes(PATIENCE + timedelta(minutes=1))
    assert len(await evidence(chat, "evidence_lost")) == 1


async def test_a_bot_killed_between_download_and_notice_fetches_again_and_writes_one_entry(
    chat: Chat,
) -> None:
    telegram = chat.transports["telegram"]
    event = chat.typed("log 1 照片", by="林悦", on="telegram", files=[FILE])
    await chat.dispatch.receive(event)
    await chat.dispatch.drain()
    row = next(row for row in (await chat._due("telegram"))["telegram"] if row.kind == "fetch")
    claim = await chat.delivery._claimed(row)
    assert claim is not None
    await chat.delivery._hand_over(telegram, claim)
    assert len(stored(chat)) == 1
    # Here it dies: the file lies there, and nobody knows.
    await chat.settle()
    assert await evidence(chat) == []
    chat.clock.passes(LEASE + timedelta(seconds=1))
    await chat.settle()
    # And the sender that was taken for dead is not.
    came = await chat.delivery._hand_over(telegram, claim)
    async with chat.database.write() as session:
        await chat.delivery._note(session, claim.row, came)
    await chat.settle()
    assert len(await evidence(chat)) == 1
    assert len(stored(chat)) == 1
    async with chat.database.read() as session:
        assert [each.state for each in await rows(session, Outbox) if each.kind == "fetch"] == ["sent"]
        assert await timeline.broken(session, await chat.incident()) == ""


async def test_a_file_is_deleted_once_its_time_is_over_and_the_timeline_says_so(chat: Chat) -> None:
    await chat.says("log 1 照片", by="林悦", on="telegram", files=[FILE])
    [path] = stored(chat)
    (path.parent / "half").write_bytes(b"left by a kill")
    for each in stored(chat):
        os.utime(each, (chat.clock().timestamp(),) * 2)
    year = timedelta(days=365)
    await forget_files(chat.database, chat.delivery.shelf, year, chat.clock() + year)
    assert len(stored(chat)) == 2
    await forget_files(chat.database, chat.delivery.shelf, year, chat.clock() + year + timedelta(hours=1))
    await chat.settle()
    assert stored(chat) == []
    assert [entry.data["sha256"] for entry in await evidence(chat, "evidence_expired")] == [DIGEST]
    heard = await chat.says("timeline 1", by="林悦", mention=True)
    assert f"SHA-256 {DIGEST[:12]}" in heard.posts[0].text


async def test_a_name_is_data_without_personal_data_and_never_a_path(chat: Chat) -> None:
    hostile = replace(FILE, name="../../13812345678\n\u202e<!channel>.png")
    heard = await chat.says("log 1 照片", by="林悦", on="telegram", files=[hostile])
    [entry] = await evidence(chat)
    assert entry.text == "../../【手机号】 <!channel>.png"
    assert any("【手机号】" in each.text for each in heard.whispers)
    assert [path.name for path in stored(chat)] == [DIGEST]


async def test_of_one_message_ten_files_are_kept_and_the_rest_is_named(chat: Chat) -> None:
    files = [replace(FILE, id=f"F{n}", name=f"{n}.png") for n in range(1, 13)]
    chat.transports["slack"].files = {each.id: each.name.encode() for each in files}
    heard = await chat.says("log 1 照片", by="林悦", mention=True, files=files)
    assert "Not kept: 11.png, 12.png." in heard.whisper.text
    assert [entry.text for entry in await evidence(chat)] == [f"{n}.png" for n in range(1, 11)]


async def test_a_file_still_on_its_way_when_its_incident_becomes_private_is_kept(chat: Chat) -> None:
    chat.transports["telegram"].failing["read_file"] = [TransportError("away")]
    await chat.says("log 1 照片", by="陈立", on="telegram", files=[FILE])
    await chat.says("private 1", by="陈立", on="slack", direct=True)
    await chat.passes(minutes=1)
    assert len(await evidence(chat)) == 1
    assert [each for each in chat.all_said("alerts") if DIGEST[:12] in each.text] == []


def test_what_arrives_is_stored_with_its_files_and_what_was_stored_before_them_is_still_read(
    chat: Chat,
) -> None:
    said = chat.writes("[photo]", by="陈立", on="telegram")
    event = chat.typed("log 1", by="林悦", replying=said, files=[FILE])
    assert event.quoted
    event = replace(event, quoted=replace(event.quoted, files=(FILE,)))
    assert from_json(to_json(event)) == event
    old = to_json(event)
    del old["files"], old["quoted"]["files"]
    read = from_json(old)
    assert isinstance(read, Typed)
    assert read.quoted
    assert (read.files, read.quoted.files) == ((), ())
