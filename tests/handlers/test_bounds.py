"""Numbers that nothing has and lengths that nobody means: they are refused for what they are, and become no content."""

from __future__ import annotations

import pytest

from storage import facts, mutes, partners, questions
from tests.chat import Chat

FAR = ("9999999", "99999999", "9" * 12, "9" * 5_000)


@pytest.mark.parametrize("number", FAR)
async def test_a_number_that_nothing_has_becomes_no_content(chat: Chat, number: str) -> None:
    await chat.opens()
    await chat.says("draft 1 holding", by="林悦")
    for words in (
        f"fact 1 F{number} confirm",
        f"partner 1 {number} done",
        f"ask 1 Q{number}",
        f"task 1 {number} done",
        f"approve 1 v{number}",
        f"show {number}",
        f"show #{number}",
    ):
        refusal = await chat.refused(words, by="陈立")
        assert "999" in refusal.title, words
        assert len(refusal.title) < 200
    async with chat.database.read() as session:
        assert await facts.of(session, 1) == []
        assert await partners.of(session, 1) == []
        assert await questions.of(session, 1) == []


async def test_noughts_before_a_number_do_not_make_it_another(chat: Chat) -> None:
    await chat.opens()
    heard = await chat.says("show 00000000001", by="林悦")
    assert any("#1" in each.title for each in heard.all)
    await chat.says("fact 1 上海 3 家门店停售", by="林悦")
    await chat.says("fact 1 F0000000001 confirm", by="陈立")
    async with chat.database.read() as session:
        [only] = await facts.of(session, 1)
    assert only.state == "confirmed"


async def test_a_word_that_is_too_long_is_not_muted_in_part(chat: Chat) -> None:
    refusal = await chat.refused(f"mute {'柚' * 61} 2h", by="陈立")
    assert "60" in refusal.title
    await chat.refused(f"mute {'柚' * 100_000} 2h", by="陈立")
    async with chat.database.read() as session:
        assert await mutes.on(session, chat.clock(), None) == []
    await chat.says(f"mute {'柚' * 60} 2h", by="陈立")


@pytest.mark.parametrize("length", ["99999999d", "999999d" * 2_000, "9" * 5_000 + "天"])
async def test_a_length_that_is_too_long_is_said_to_be_too_long(chat: Chat, length: str) -> None:
    await chat.opens("red")
    await chat.says("claim 1", by="林悦")
    assert "at most" in (await chat.refused(f"snooze 1 {length}", by="林悦")).title
    assert "30 days" in (await chat.refused(f"mute 柚子 {length}", by="陈立")).title
