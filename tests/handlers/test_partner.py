"""Notices to partners: ready to copy, with a link that counts once, and somebody is reminded until they have confirmed."""

from __future__ import annotations

import re

from storage import deadlines, partners
from storage.models import Deadline, Outbox, PartnerNotice
from tests.chat import CHANNELS, Chat, Heard, rows
from tests.fakes import Said

PUBLIC = "https://crisis.example.com"
TEXT = "请暂停今晚的带货直播，\n等我们通知"
LINK = re.compile(rf"{PUBLIC}/ack/([\w-]{{32}})")


async def told(chat: Chat, words: str = f"星河MCN {TEXT}", *, public: str = PUBLIC) -> Said:
    """林悦 has an incident and makes a notice; returns it as it stands on Slack."""
    chat.dispatch.settings["public_url"] = public
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    return of(await chat.says(f"partner 1 {words}", by="林悦"))


def of(heard: Heard) -> Said:
    """The notice among what was said."""
    [found] = [each for each in heard.posts if each.card.verbatim and each.transport == "slack"]
    return found


async def told_so_far(chat: Chat) -> list[PartnerNotice]:
    async with chat.database.read() as session:
        return list(await partners.of(session, 1))


async def owed(chat: Chat) -> list[Deadline]:
    async with chat.database.read() as session:
        return [each for each in await deadlines.of(session, 1) if each.kind == "partner"]


async def test_a_notice_is_the_text_word_for_word_with_a_link_of_its_own(chat: Chat) -> None:
    notice = await told(chat)
    assert notice.card.verbatim.startswith(f"{TEXT}\n\n")
    token = LINK.findall(notice.card.verbatim)
    assert len(token) == 1
    again = of(await chat.says("partner 1 门店七店 请下架", by="林悦"))
    assert LINK.findall(again.card.verbatim) != token


async def test_of_the_token_only_its_hash_is_stored(chat: Chat) -> None:
    notice = await told(chat)
    [token] = LINK.findall(notice.card.verbatim)
    async with chat.database.read() as session:
        [row] = await rows(session, PartnerNotice)
        assert row.token == partners.digest_of(token)
        assert all(token not in str(each.model_dump()) for each in [row, *await rows(session, Outbox)])
    assert all(token not in str(each.data) + each.text for each in await chat.entries())


async def test_without_text_the_template_is_there_to_be_filled_in_and_goes_out_without_gaps(
    chat: Chat,
) -> None:
    chat.dispatch.settings["public_url"] = PUBLIC
    card = await chat.opens()
    opener = (await chat.says("partner 1 星河MCN", by="林悦", under=card)).whisper
    form = (await chat.presses("Fill in", opener, by="林悦")).form
    text = form.fields[0].initial
    assert "蛋糕发霉" in text
    problem = (await chat.fills(form, {"text": text}, by="林悦"))["text"]
    assert "[Please fill in: what to stop" in problem
    assert await told_so_far(chat) == []
    filled = re.sub(r"\[[Pp]lease fill in[^]]*\]", "请暂停直播", text)
    assert await chat.fills(form, {"text": filled}, by="林悦") == {}
    [row] = await told_so_far(chat)
    assert (row.partner, row.text) == ("星河MCN", filled)


async def test_a_text_with_gaps_is_not_handed_out(chat: Chat) -> None:
    await chat.opens()
    refusal = await chat.refused("partner 1 星河MCN 请在【请填写：时间】前下架", by="林悦")
    assert "【请填写：时间】" in refusal.title
    long_name = "很长的名字" * 4
    assert "fill in" in (await chat.refused(f"partner 1 {long_name}", by="林悦")).title
    assert await told_so_far(chat) == []


async def test_a_name_with_blanks_stands_in_quotation_marks(chat: Chat) -> None:
    notice = await told(chat, "「Star River 传媒」 请下架")
    assert "Star River 传媒" in notice.title
    assert notice.card.verbatim.startswith("请下架")


async def test_what_is_typed_is_stored_without_personal_data(chat: Chat) -> None:
    notice = await told(chat, "星河MCN 有事找小王 13800138000")
    assert "13800138000" not in notice.card.verbatim


async def test_without_a_public_address_a_person_notes_who_has_confirmed(chat: Chat) -> None:
    notice = await told(chat, public="")
    assert notice.card.verbatim == TEXT
    assert "PUBLIC_URL" in notice.card.footer
    heard = await chat.presses("Confirmed receipt", notice, by="陈立")
    assert any("1 of 1" in each.title for each in heard.edits)
    assert await owed(chat) == []
    entry = (await chat.entries())[-1]
    assert (entry.kind, entry.by, entry.data["partner"]) == ("partner_marked", "陈立", "星河MCN")
    why = await chat.refused_press("Confirmed receipt", notice, by="林悦")
    assert "陈立" in why


async def test_the_card_says_who_confirmed_and_by_what_name(chat: Chat) -> None:
    await told(chat)
    await chat.says("partner 1 门店七店 请下架", by="林悦")
    card = await chat.card("partner:1")
    assert "0 of 2" in card.title
    await chat.says("partner 1 2 done 王店长", by="林悦")
    card = await chat.card("partner:1")
    assert "1 of 2" in card.title
    lines = card.card.sections[0].lines
    assert "星河MCN" in lines[0]
    assert "not confirmed" in lines[0]
    assert "王店长" in lines[1]
    assert card.wires == ["partner.partner:1 1 done"]


async def test_whoever_made_it_is_reminded_after_half_an_hour(chat: Chat) -> None:
    await told(chat)
    await chat.passes(minutes=29)
    heard = await chat.passes(minutes=2)
    nudges = [each for each in heard.posts if "星河MCN" in each.title]
    assert {each.calls for each in nudges} == {("林悦",)}
    await chat.presses("Confirmed receipt", nudges[0], by="林悦")
    assert await owed(chat) == []


async def test_a_later_notice_takes_the_place_of_one_that_was_not_confirmed(chat: Chat) -> None:
    first = await told(chat)
    await chat.says("partner 1 星河MCN 直播改到明天", by="林悦")
    assert [each.ref for each in await owed(chat)] == ["2"]
    assert "0 of 1" in (await chat.card("partner:1")).title
    assert "星河MCN" in await chat.refused_press("Confirmed receipt", first, by="林悦")


async def test_of_two_who_confirm_at_once_one_is_first(chat: Chat) -> None:
    notice = await told(chat)
    [token] = LINK.findall(notice.card.verbatim)
    async with chat.database.write() as session:
        row = await partners.with_token(session, token)
        assert row is not None
        assert await partners.confirm(session, row, chat.clock(), name="小王")
        assert not await partners.confirm(session, row, chat.clock(), name="小李")


async def test_a_drill_s_notice_is_marked_and_has_no_link(chat: Chat) -> None:
    chat.dispatch.settings["public_url"] = PUBLIC
    await chat.says("drill start moldy_cake", by="周帆", room="drills")
    await chat.looks()
    heard = await chat.says(f"partner 1 星河MCN {TEXT}", by="林悦", room="drills")
    notices = [each for each in heard.posts if each.card.verbatim]
    assert notices
    for each in notices:
        assert each.channel in CHANNELS["drills"].values()
        assert each.card.verbatim == f"【演练】{TEXT}"
        assert "no link" in each.card.footer


async def test_a_reader_and_a_closed_incident_get_no_notice(chat: Chat) -> None:
    await told(chat)
    await chat.refused("partner 1 星河MCN 请下架", by="周帆", on="telegram")
    await chat.says("close 1 处理完了", by="林悦")
    await chat.refused("partner 1 星河MCN 请下架", by="林悦")
