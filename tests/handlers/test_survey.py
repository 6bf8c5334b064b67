"""The form for the time after a crisis: one link per incident, and a card that counts."""

from __future__ import annotations

from datetime import timedelta

from storage import notices, surveys
from storage.models import Opinion, Outbox
from tests.chat import NOW, Chat, rows

PUBLIC = "https://crisis.example.com/"


async def opened(chat: Chat) -> str:
    """An incident that is over has a form; returns its link."""
    chat.dispatch.settings["public_url"] = PUBLIC
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    await chat.says("close 1 处理完了", by="林悦")
    await chat.says("survey 1", by="林悦")
    return (await chat.card("survey:1")).card.verbatim


async def answers(chat: Chat, *given: tuple[int, bool, str]) -> None:
    """People answer, as the page stores it."""
    async with chat.database.write() as session:
        row = await surveys.of(session, 1)
        assert row is not None
        for score, solved, text in given:
            opinion = Opinion(survey_id=row.id or 0, score=score, solved=solved, text=text, at=chat.clock())
            await surveys.answer(session, opinion)
            await notices.put(session, "survey.answered", chat.clock(), incident_id=1)
    await chat.settle()


async def test_an_incident_has_one_form_whose_link_can_be_shown_again(chat: Chat) -> None:
    link = await opened(chat)
    base, _, token = link.rpartition("/")
    assert base == "https://crisis.example.com/feedback"
    assert len(token) == 32
    await chat.says("回访 1", by="陈立")
    assert (await chat.card("survey:1")).card.verbatim == link
    async with chat.database.read() as session:
        row = await surveys.with_token(session, token)
        assert row is not None
        assert token not in str(row.model_dump())
    assert (await chat.kinds()).count("survey_opened") == 1


async def test_the_card_counts_and_shows_the_newest_words(chat: Chat) -> None:
    await opened(chat)
    await chat.passes(minutes=1)
    await answers(chat, (5, True, "很快"), (2, False, ""), (4, True, "还可以"))
    card = await chat.card("survey:1")
    assert "3 answers" in card.title
    assert [each.value for each in card.card.fields] == ["3.7", "67% (2 of 3)"]
    assert [each.text for each in card.card.quotes] == ["还可以", "很快"]


async def test_many_answers_edit_the_card_once_in_fifteen_seconds(chat: Chat) -> None:
    await opened(chat)
    await chat.passes(minutes=1)
    await answers(chat, (5, True, ""))
    edits = len(chat.transports["slack"].edits)
    for _ in range(5):
        chat.clock.passes(timedelta(seconds=2))
        await answers(chat, (1, False, ""))
    assert len(chat.transports["slack"].edits) == edits
    await chat.passes(seconds=15)
    assert "6 answers" in (await chat.card("survey:1")).title
    assert len(chat.transports["slack"].edits) == edits + 1


async def test_after_thirty_days_the_link_is_no_longer_given(chat: Chat) -> None:
    await opened(chat)
    chat.clock.passes(timedelta(days=30))
    await chat.says("survey 1", by="林悦")
    card = chat.last().card
    assert card.verbatim == ""
    assert "Closed" in card.footer
    assert chat.clock() == NOW + timedelta(days=30)


async def test_without_a_public_address_it_says_what_to_set(chat: Chat) -> None:
    await chat.opens()
    refusal = await chat.refused("survey 1", by="林悦")
    assert "PUBLIC_URL" in refusal.text
    assert "survey_opened" not in await chat.kinds()


async def test_a_drill_asks_nobody_outside(chat: Chat) -> None:
    chat.dispatch.settings["public_url"] = PUBLIC
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.looks()
    refusal = await chat.refused("survey 1", by="林悦", room="drills")
    assert "drill" in refusal.title
    async with chat.database.read() as session:
        assert all("feedback/" not in str(each.card) for each in await rows(session, Outbox))
