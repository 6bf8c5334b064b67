"""The reply desk: what people ask, one approved answer each, and how many have had it."""

from __future__ import annotations

from datetime import timedelta

from bot.sources.base import Found
from storage import questions
from storage.models import Question
from tests.chat import Chat

ANSWER = "您好，请保留实物和照片，通过 400-000-0000 登记，由专人联系您。"


async def rows(chat: Chat) -> list[Question]:
    async with chat.database.read() as session:
        return await questions.of(session, 1)


async def answered(chat: Chat) -> None:
    await chat.opens()
    await chat.says("ask 1 能退款吗", by="林悦")
    await chat.says(f"answer 1 Q1 {ANSWER}", by="林悦")
    await chat.says("answer 1 Q1 approve", by="陈立")


def comment(chat: Chat, text: str, number: int) -> Found:
    return Found(
        platform="douyin",
        native_id=f"c{number}",
        kind="comment",
        item_id="v1",
        text=text,
        created_at=chat.clock() - timedelta(minutes=1),
    )


async def test_a_question_that_has_no_answer_is_said_to_have_none_and_is_taken_up(chat: Chat) -> None:
    await chat.opens()
    await chat.says("ask 1 能退款吗", by="林悦")
    card = await chat.card("question:1:1")
    assert card.card.verbatim == ""
    assert [each.action for each in card.card.buttons] == ["reply.answer"]
    assert (await rows(chat))[0].kind == "refund"


async def test_the_approved_answer_is_found_by_other_words_and_shown_word_for_word(chat: Chat) -> None:
    await answered(chat)
    heard = await chat.says("ask 1 你们什么时候给我退钱啊", by="陈立")
    [card] = [each.card for each in heard.posts if each.transport == "slack"]
    assert card.verbatim == ANSWER
    assert len(await rows(chat)) == 1


async def test_whoever_wrote_an_answer_does_not_approve_it_and_a_new_text_needs_a_new_approval(
    chat: Chat,
) -> None:
    await chat.opens()
    await chat.says("ask 1 能退款吗", by="林悦")
    await chat.says(f"answer 1 Q1 {ANSWER}", by="陈立")
    await chat.refused("answer 1 Q1 approve", by="陈立")
    await chat.refused("answer 1 Q1 approve", by="林悦")
    await chat.says("answer 1 Q1 approve", by="吴桐")
    assert (await rows(chat))[0].approved_by == "吴桐"
    await chat.says(f"answer 1 Q1 {ANSWER}谢谢。", by="林悦")
    assert (await rows(chat))[0].state == "waiting"
    await chat.refused("answer 1 Q1 posted", by="林悦")


async def test_an_answer_that_the_checks_bar_is_not_approved(chat: Chat) -> None:
    await chat.opens()
    await chat.says("ask 1 能退款吗", by="林悦")
    await chat.says("answer 1 Q1 这是个别员工的问题，与我们无关，关注我们领优惠券！", by="林悦")
    refusal = await chat.refused("answer 1 Q1 approve", by="陈立")
    assert "L" in refusal.title
    assert (await rows(chat))[0].state == "waiting"


async def test_an_answer_may_promise_no_time_that_nobody_has_entered_as_a_commitment(chat: Chat) -> None:
    await chat.opens()
    await chat.says("ask 1 能退款吗", by="林悦")
    heard = await chat.says("answer 1 Q1 您好，退款会在 3 天内到账。", by="林悦")
    assert "L16" in heard.whisper.title
    refusal = await chat.refused("answer 1 Q1 approve", by="陈立")
    assert "L16" in refusal.title
    await chat.says("promise 1 退款在 3 天内到账 @林悦 3d", by="林悦")
    await chat.says("answer 1 Q1 approve", by="陈立")
    assert (await rows(chat))[0].state == "approved"


async def test_an_answer_may_not_say_what_the_fact_table_holds_to_be_false(chat: Chat) -> None:
    await chat.opens()
    await chat.says("fact 1 该批次共 300 盒（来源：王店长）", by="林悦")
    await chat.says("fact 1 F1 deny", by="陈立")
    await chat.says("ask 1 有多少盒", by="林悦")
    await chat.says("answer 1 Q1 您好，该批次共 300 盒。", by="林悦")
    assert "L04" in (await chat.refused("answer 1 Q1 approve", by="陈立")).title
    assert (await rows(chat))[0].state == "waiting"


async def test_whoever_may_not_approve_an_answer_is_told_who_may(chat: Chat) -> None:
    await chat.opens()
    await chat.says("ask 1 能退款吗", by="林悦")
    await chat.says(f"answer 1 Q1 {ANSWER}", by="陈立")
    for name in ("林悦", "陈立"):
        hint = (await chat.refused("answer 1 Q1 approve", by=name)).text
        assert "吴桐" in hint
        assert "陈立" not in hint


async def test_what_was_given_and_handed_on_is_counted(chat: Chat) -> None:
    await answered(chat)
    card = await chat.card("question:1:1")
    await chat.presses("reply.answer:1 Q1 posted", card, by="林悦")
    await chat.presses("reply.answer:1 Q1 posted", card, by="陈立")
    await chat.presses("reply.answer:1 Q1 support", card, by="林悦")
    [row] = await rows(chat)
    assert (row.posted, row.handed) == (2, 1)


async def test_the_desk_counts_what_people_ask_and_how_much_of_it_is_answered(chat: Chat) -> None:
    texts = [
        "青柚的蛋糕发霉了，能退款吗，气死了",
        "青柚蛋糕发霉，怎么退钱，太差了",
        "青柚发霉的蛋糕吃了会不会中毒，恶心",
        "青柚的蛋糕发霉，退款退款，垃圾",
    ]
    await chat.mentions(*(comment(chat, text, number) for number, text in enumerate(texts)))
    await chat.says("ask 1 能退款吗", by="林悦")
    await chat.says(f"answer 1 Q1 {ANSWER}", by="林悦")
    await chat.says("answer 1 Q1 approve", by="陈立")
    heard = await chat.says("ask 1", by="林悦")
    [card] = [each.card for each in heard.posts if each.transport == "slack"]
    lines = card.sections[0].lines
    assert lines[0].startswith("✅ Q1")
    assert "×3" in lines[0]
    assert lines[1].startswith("❓")
    assert "3" in card.text
    assert "4" in card.text
