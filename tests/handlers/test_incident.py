"""The life of an incident, as people live it in chat."""

from datetime import timedelta

import pytest

from storage import deadlines
from storage.models import Deadline, Incident
from tests.chat import NOW, Chat, team


async def due(chat: Chat, number: int = 1) -> dict[str, float]:
    """Minutes from now until each duty that is still ahead."""
    async with chat.database.read() as session:
        found = await deadlines.of(session, number)
    return {
        each.kind: (each.due_at - chat.clock()) / timedelta(minutes=1)
        for each in found
        if not each.is_late and each.kind not in {"brief", "golden"}
    }


async def opened(chat: Chat, *words: str) -> None:
    """Incident #1, brought as far as the words of 林悦 bring it."""
    await chat.opens()
    for text in words:
        await chat.says(text, by="林悦")


# new


async def test_a_new_incident_gets_one_card_in_every_alerts_room(chat: Chat) -> None:
    heard = await chat.says("new orange user_complaint 蛋糕发霉，客服不理", by="林悦")
    incident = await chat.incident()
    assert (incident.level, incident.type, incident.title, incident.state, incident.opened_by) == (
        "orange", "user_complaint", "蛋糕发霉，客服不理", "open", "林悦",
    )  # fmt: skip
    assert sorted((each.transport, each.channel) for each in heard.posts) == [
        ("slack", "C0ALERTS"),
        ("telegram", "-1001"),
    ]
    assert all("#1" in each.title and "incident.claim:1" in each.wires for each in heard.posts)
    assert heard.whisper.to == "U0LIN"
    assert [(entry.kind, entry.by) for entry in await chat.entries()] == [("opened", "林悦")]


@pytest.mark.parametrize(
    "words",
    [
        "新建 橙 用户投诉 蛋糕发霉",
        "new 2 user_complaint 蛋糕发霉",
        "new Ⅱ 投诉 蛋糕发霉",
        "NEW Orange user_complaint 蛋糕发霉",
        "new　橙　用户投诉　蛋糕发霉",
    ],
)
async def test_level_and_type_may_be_said_as_people_say_them(chat: Chat, words: str) -> None:
    await chat.says(words, by="林悦")
    incident = await chat.incident()
    assert (incident.level, incident.type, incident.title) == ("orange", "user_complaint", "蛋糕发霉")


async def test_new_without_words_opens_a_form_on_slack(chat: Chat) -> None:
    heard = await chat.says("new", by="林悦")
    assert [each.name for each in heard.form.fields] == ["level", "kind", "title"]
    assert not heard.posts
    problems = await chat.fills(
        heard.form, {"level": "red", "kind": "tech_failure", "title": "支付故障"}, by="林悦"
    )
    assert problems == {}
    assert ((await chat.incident()).level, (await chat.incident()).title) == ("red", "支付故障")
    assert "#1" in (await chat.card()).title


async def test_new_with_some_words_asks_only_for_the_rest(chat: Chat) -> None:
    heard = await chat.says("new red", by="林悦")
    assert [each.name for each in heard.form.fields] == ["kind", "title"]
    await chat.fills(heard.form, {"kind": "tech_failure", "title": "支付故障"}, by="林悦")
    assert ((await chat.incident()).level, (await chat.incident()).type) == ("red", "tech_failure")


async def test_a_form_that_cannot_be_read_says_which_field_is_wrong(chat: Chat) -> None:
    form = (await chat.says("new", by="林悦")).form
    problems = await chat.fills(form, {"level": "purple", "kind": "tech_failure", "title": "x"}, by="林悦")
    assert list(problems) == ["level"]
    problems = await chat.fills(form, {"level": "red", "kind": "nothing", "title": "x"}, by="林悦")
    assert list(problems) == ["kind"]
    problems = await chat.fills(form, {"level": "red", "kind": "tech_failure", "title": "  "}, by="林悦")
    assert list(problems) == ["title"]
    assert await chat.count(Incident) == 0


async def test_a_mention_has_no_trigger_so_a_button_opens_the_form(chat: Chat) -> None:
    heard = await chat.says("new red", by="林悦", mention=True)
    assert not heard.forms
    pressed = await chat.presses("incident.new", heard.whisper, by="林悦")
    assert [each.name for each in pressed.form.fields] == ["kind", "title"]
    await chat.fills(pressed.form, {"kind": "tech_failure", "title": "支付故障"}, by="林悦")
    assert (await chat.incident()).level == "red"


async def test_on_telegram_the_form_is_asked_one_question_at_a_time(chat: Chat) -> None:
    asked = (await chat.says("new", by="林悦", on="telegram")).whisper
    asked = (await chat.replies("2", asked, by="林悦")).whisper
    again = (await chat.replies("什么", asked, by="林悦")).whisper
    assert again.prompt
    asked = (await chat.replies("complaint", again, by="林悦")).whisper
    heard = await chat.replies("蛋糕发霉\n客服不理", asked, by="林悦")
    assert (await chat.incident()).level == "orange"
    assert (await chat.incident()).title == "蛋糕发霉\n客服不理"
    assert len(heard.posts) == 2


async def test_cancel_leaves_a_form(chat: Chat) -> None:
    asked = (await chat.says("new", by="林悦", on="telegram")).whisper
    left = (await chat.replies("取消", asked, by="林悦")).whisper
    assert not left.prompt
    heard = await chat.replies("red", asked, by="林悦")
    assert heard.whisper.card.text
    assert await chat.count(Incident) == 0


async def test_what_does_not_make_an_incident_is_refused_with_the_way_out(chat: Chat) -> None:
    why = await chat.refused("new purple user_complaint x", by="林悦")
    assert "purple" in why.title
    assert "new LEVEL TYPE [private] TITLE" in why.text
    why = await chat.refused("new red ufo x", by="林悦")
    assert "ufo" in why.title
    assert "User complaint" in why.text


# claim


@pytest.mark.parametrize(
    "words",
    ["claim 1", "claim #1", "claim ＃1", "认领 1", "认领1", "认领#1", "CLAIM 1", "/claim 1", "  claim   1  "],
)
async def test_claim_takes_command(chat: Chat, words: str) -> None:
    await chat.opens()
    await chat.passes(minutes=5)
    heard = await chat.says(words, by="林悦")
    incident = await chat.incident()
    assert (incident.state, incident.owner, incident.claimed_at) == (
        "claimed",
        "林悦",
        NOW + timedelta(minutes=5),
    )
    assert await chat.kinds() == ["opened", "claimed"]
    assert {each.thread for each in heard.posts} == {
        (await chat.card()).message,
        (await chat.card(on="telegram")).message,
    }
    assert {each.message for each in heard.edits} == {each.thread for each in heard.posts}
    assert "claim" not in await due(chat)


@pytest.mark.parametrize("platform", ["slack", "telegram"])
async def test_the_card_changes_on_both_platforms_when_somebody_presses(chat: Chat, platform: str) -> None:
    await chat.opens()
    await chat.presses("Claim", await chat.card(on=platform), by="陈立")
    for card in (await chat.card(), await chat.card(on="telegram")):
        assert "陈立" in card.title
        assert "incident.respond:1" in card.wires
        assert "incident.claim:1" not in card.wires


async def test_whoever_comes_second_on_the_other_platform_is_told_who_was_first(chat: Chat) -> None:
    await chat.opens()
    await chat.presses("Claim", await chat.card(), by="林悦")
    await chat.passes(minutes=2)
    why = await chat.refused("claim 1", by="陈立", on="telegram")
    assert "林悦" in why.title
    assert "14:00" in why.title
    stale = await chat.card(on="telegram")
    stale.card = stale.past[0]
    assert "林悦" in await chat.refused_press("Claim", stale, by="陈立")
    assert (await chat.incident()).owner == "林悦"
    assert await chat.kinds() == ["opened", "claimed"]


async def test_who_has_it_since_when_is_counted_from_the_last_change_of_hands(chat: Chat) -> None:
    await opened(chat, "claim 1", "release 1")
    await chat.passes(minutes=10)
    await chat.says("claim 1", by="吴桐")
    assert "14:10" in (await chat.refused("claim 1", by="林悦")).title
    await chat.passes(minutes=10)
    await chat.says("handover 1 @陈立", by="吴桐")
    why = await chat.refused("claim 1", by="林悦")
    assert "陈立" in why.title
    assert "14:20" in why.title


async def test_claim_is_refused_when_there_is_nothing_to_claim(chat: Chat) -> None:
    await opened(chat, "claim 1")
    assert "#1" in (await chat.refused("claim 1", by="林悦")).title
    await chat.says("dismiss 1 旧图", by="林悦")
    assert "reopen 1" in (await chat.refused("claim 1", by="陈立")).text
    assert "#7" in (await chat.refused("claim 7", by="林悦")).title
    assert "#99" in (await chat.refused(f"claim {'9' * 5000}", by="林悦")).title
    assert "claim N" in (await chat.refused("claim", by="林悦")).text
    assert "claim N" in (await chat.refused("claim 1 now", by="林悦")).text


# release, handover


async def test_release_gives_it_back_and_only_the_clock_for_claiming_runs_anew(chat: Chat) -> None:
    await opened(chat, "claim 1", "respond 1")
    await chat.passes(minutes=60)
    assert await due(chat) == {"holding": 60}
    await chat.says("释放 1 交班", by="林悦")
    incident = await chat.incident()
    assert (incident.state, incident.owner) == ("open", "")
    assert await due(chat) == {"claim": 10, "holding": 60}
    assert (await chat.entries())[-1].text == "交班"
    assert "incident.claim:1" in (await chat.card()).wires
    await chat.refused("release 1", by="陈立")


async def test_handover_moves_command_and_calls_the_new_commander(chat: Chat) -> None:
    await opened(chat, "claim 1")
    heard = await chat.says("handover 1 @陈立", by="林悦")
    assert (await chat.incident()).owner == "陈立"
    assert all(each.calls == ("陈立",) for each in heard.posts)
    assert (await chat.entries())[-1].data["to"] == "陈立"
    await chat.refused("handover 1 @林悦", by="林悦")
    await chat.says("移交 1 林悦", by="吴桐")
    assert (await chat.incident()).owner == "林悦"


@pytest.mark.parametrize("words", ["handover 1 <@U0CHEN>", "handover 1 @userU0CHEN", "handover 1 ＠陈立"])
async def test_a_person_is_named_by_mention_username_or_roster_name(chat: Chat, words: str) -> None:
    await opened(chat, "claim 1")
    await chat.says("whoami", by="陈立")
    await chat.says(words, by="林悦")
    assert (await chat.incident()).owner == "陈立"


async def test_a_person_is_whoever_is_replied_to(chat: Chat) -> None:
    await opened(chat, "claim 1")
    said = chat.writes("我来吧", by="陈立", on="telegram")
    await chat.says("handover 1", by="林悦", replying=said)
    assert (await chat.incident()).owner == "陈立"


async def test_command_is_not_handed_to_just_anybody(chat: Chat) -> None:
    await opened(chat)
    assert "claim 1" in (await chat.refused("handover 1 @陈立", by="吴桐")).text
    await chat.says("claim 1", by="林悦")
    assert "周帆" in (await chat.refused("handover 1 @周帆", by="林悦")).title
    why = await chat.refused("handover 1 @谁", by="林悦")
    assert "谁" in why.title
    assert "@陈立" in why.text
    assert "handover N" in (await chat.refused("handover 1", by="林悦")).text


# respond, recover, close


async def test_an_incident_goes_its_way_to_the_end(chat: Chat) -> None:
    await opened(chat, "认领 1", "处置 1", "恢复 1")
    await chat.passes(minutes=90)
    heard = await chat.says("关闭 1 赔付完成", by="林悦")
    incident = await chat.incident()
    assert (incident.state, incident.reason, incident.closed_at) == (
        "closed",
        "赔付完成",
        NOW + timedelta(minutes=90),
    )
    assert await chat.kinds() == ["opened", "claimed", "responding", "recovering", "closed"]
    assert await chat.count(Deadline) == 0
    closing = [each for each in heard.posts if incident.head[:16] in each.card.footer]
    assert {each.transport for each in closing} == {"slack", "telegram"}
    assert all("5" in each.card.footer for each in closing)
    assert "review.review:1" in (await chat.card()).wires


@pytest.mark.parametrize(
    ("before", "word", "next_step"),
    [
        ([], "respond 1", "claim"),
        ([], "recover 1", "claim"),
        ([], "close 1 x", "claim"),
        (["claim 1"], "recover 1", "respond"),
        (["claim 1", "respond 1"], "respond 1", "recover"),
        (["claim 1", "respond 1"], "dismiss 1 x", "recover"),
        (["claim 1", "respond 1", "recover 1"], "recover 1", "close"),
        (["claim 1", "close 1 done"], "close 1 x", "reopen"),
        (["claim 1", "close 1 done"], "respond 1", "reopen"),
        (["claim 1", "dismiss 1 旧图"], "dismiss 1 x", "reopen"),
    ],
)
async def test_a_step_out_of_order_is_refused_and_the_next_one_named(
    chat: Chat, before: list[str], word: str, next_step: str
) -> None:
    await opened(chat, *before)
    state = (await chat.incident()).state
    why = await chat.refused(word, by="林悦" if before else "陈立")
    assert next_step in why.text
    assert (await chat.incident()).state == state


@pytest.mark.parametrize("verb", ["close", "dismiss"])
async def test_an_end_takes_a_reason(chat: Chat, verb: str) -> None:
    await opened(chat, "claim 1")
    why = await chat.refused(f"{verb} 1", by="林悦")
    assert f"{verb} N REASON" in why.text
    card = await chat.card()
    if verb == "close":
        await chat.says("respond 1", by="林悦")
    form = (await chat.presses(f"incident.{verb}", card, by="林悦")).form
    assert [each.name for each in form.fields] == ["reason"]
    assert await chat.fills(form, {"reason": "旧图，不是本店"}, by="林悦", on=card) == {}
    assert (await chat.incident()).reason == "旧图，不是本店"


async def test_on_telegram_the_reason_is_asked_for_in_a_reply(chat: Chat) -> None:
    await opened(chat)
    asked = (await chat.presses("incident.dismiss", await chat.card(on="telegram"), by="陈立")).whisper
    assert asked.prompt
    await chat.replies("旧图，不是本店", asked, by="陈立")
    assert ((await chat.incident()).state, (await chat.incident()).reason) == ("dismissed", "旧图，不是本店")


async def test_nobody_fills_in_a_form_only_to_hear_that_they_may_not(chat: Chat) -> None:
    await opened(chat)
    await chat.refused_press("incident.dismiss", await chat.card(), by="林悦")


# reopen


async def test_a_reopened_incident_goes_back_to_its_commander_or_to_whoever_claims_it(chat: Chat) -> None:
    await opened(chat, "claim 1", "close 1 done")
    await chat.passes(hours=1)
    await chat.says("重开 1 又有新投诉", by="林悦")
    incident = await chat.incident()
    assert (incident.state, incident.owner, incident.closed_at) == ("claimed", "林悦", None)
    assert await due(chat) == {"assemble": 30, "holding": 120}
    await chat.opens()
    await chat.says("dismiss 2 旧图", by="陈立")
    await chat.presses("incident.reopen", await chat.card("incident:2"), by="陈立")
    await chat.says("reopen 2 是真的", by="陈立")
    assert (await chat.incident(2)).state == "open"
    assert await due(chat, 2) == {"claim": 10, "assemble": 30, "holding": 120}


async def test_the_card_says_since_when_nobody_has_it_and_not_since_when_it_is_there(chat: Chat) -> None:
    await opened(chat)
    assert "unclaimed since 14:00" in (await chat.card()).title
    await chat.says("claim 1", by="林悦")
    await chat.passes(minutes=45)
    await chat.says("release 1 交班", by="林悦")
    assert "unclaimed since 14:45" in (await chat.card()).title
    listed = await chat.says("list", by="林悦")
    said = " ".join(line for each in listed.all for section in each.card.sections for line in section.lines)
    assert "unclaimed again" in said
    await chat.says("dismiss 1 旧图", by="陈立")
    await chat.passes(minutes=15)
    await chat.says("reopen 1 是真的", by="陈立")
    assert "unclaimed since 15:00" in (await chat.card()).title


async def test_what_is_not_over_cannot_be_reopened(chat: Chat) -> None:
    await opened(chat, "claim 1")
    await chat.refused("reopen 1 x", by="林悦")
    await chat.says("close 1 done", by="林悦")
    assert "reopen N REASON" in (await chat.refused("reopen 1", by="林悦")).text


# words


async def test_a_room_of_another_language_hears_its_own(url: str) -> None:
    async with Chat(url, team=team(language="zh")) as chat:
        await chat.opens()
        await chat.presses("incident.claim:1", await chat.card(), by="林悦")
        assert "橙" in (await chat.card()).title
        assert "林悦" in (await chat.card()).title


async def test_the_reason_given_at_the_end_stays_when_it_is_opened_again(chat: Chat) -> None:
    await opened(chat, "claim 1", "close 1 赔付完成", "reopen 1 又有新投诉")
    assert (await chat.incident()).reason == "赔付完成"
    assert [each.text for each in await chat.entries() if each.kind == "reopened"] == ["又有新投诉"]
    await chat.says("close 1 二次赔付完成", by="林悦")
    assert (await chat.incident()).reason == "二次赔付完成"
