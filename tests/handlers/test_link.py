"""Somebody is one person on both platforms: codes that join accounts, and what keeps others from using them."""

from __future__ import annotations

import asyncio
import re

from handlers.kit.messages import Sender
from storage.models import LinkCode, Outbox, Vote
from tests.chat import Chat, Heard, rows, team
from tests.stores import on_both

WU = Sender(transport="telegram", user="1003", name="吴桐", username="wutong")
"""吴桐 on Telegram, whom the roster knows on Slack only."""
MALLORY = Sender(transport="telegram", user="6666", name="吴桐", username="wutong_")


def code_in(heard: Heard) -> str:
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}", heard.whisper.title)
    assert found, heard.whisper.title
    return found[0]


async def joined(chat: Chat) -> None:
    code = code_in(await chat.says("link", by="吴桐"))
    await chat.says(f"link {code}", by=WU, direct=True)


async def test_a_code_from_slack_makes_an_unknown_telegram_account_the_same_person(chat: Chat) -> None:
    before = await chat.refused("claim 1", by=WU, direct=True)
    assert before.title == "You are not on this team's list."
    code = code_in(await chat.says("link", by="吴桐"))
    heard = await chat.says(f"link {code}", by=WU, direct=True)
    assert heard.whisper.title == "You are 吴桐 here, too."
    assert [(each.channel, each.title) for each in heard.posts] == [
        ("U0WU", "吴桐 1003 on telegram is you from now on.")
    ]
    await chat.opens()
    await chat.says("claim 1", by=WU)
    assert (await chat.incident()).owner == "吴桐"
    why = await chat.refused("claim 1", by="吴桐", on="slack")
    assert why.title == "You have #1 already."


async def test_two_accounts_of_one_person_are_one_vote(chat: Chat) -> None:
    await joined(chat)
    await chat.opens("red")
    await chat.says("draft 1", by="林悦")
    await chat.says("approve 1", by="吴桐", on="slack")
    await chat.says("approve 1", by=WU)
    async with chat.database.read() as session:
        votes = await rows(session, Vote)
    assert [vote.person for vote in votes] == ["吴桐"]
    assert (await chat.versions())[0].state == "pending"


async def test_whoever_is_called_is_called_on_both_platforms(chat: Chat) -> None:
    await joined(chat)
    await chat.opens()
    await chat.says("claim 1", by="林悦")
    heard = await chat.says("handover 1 @吴桐", by="林悦")
    called = {each.transport for each in heard.posts if "吴桐" in each.calls}
    assert called == {"slack", "telegram"}


async def test_mentions_and_replies_find_the_person_behind_a_joined_account(chat: Chat) -> None:
    await joined(chat)
    await chat.opens()
    await chat.says("claim 1", by="林悦", on="telegram")
    await chat.says("handover 1 @wutong", by="林悦", on="telegram")
    assert (await chat.incident()).owner == "吴桐"


async def test_a_code_counts_once(chat: Chat) -> None:
    code = code_in(await chat.says("link", by="吴桐"))
    await chat.says(f"link {code}", by=WU, direct=True)
    heard = await chat.says(f"link {code}", by=MALLORY, direct=True)
    assert heard.whisper.title == "This code does not count."
    assert chat.team.with_id("telegram", "6666") is None


@on_both
async def test_of_two_who_say_a_code_at_once_one_is_joined(url: str) -> None:
    async with Chat(url) as one, Chat(url, clock=None) as other:
        code = code_in(await one.says("link", by="吴桐"))
        await asyncio.gather(
            one.says(f"link {code}", by=WU, direct=True), other.says(f"link {code}", by=MALLORY, direct=True)
        )
        await one.settle()
        await other.settle()
        known = [one.team.with_id("telegram", user) for user in ("1003", "6666")]
        assert [person.name for person in known if person] == ["吴桐"]
        assert one.team.links == other.team.links


async def test_a_code_is_void_after_ten_minutes_and_when_a_newer_one_is_there(chat: Chat) -> None:
    first = code_in(await chat.says("link", by="吴桐"))
    second = code_in(await chat.says("link", by="吴桐"))
    heard = await chat.says(f"link {first}", by=WU, direct=True)
    assert heard.whisper.title == "This code does not count."
    await chat.passes(minutes=10)
    heard = await chat.says(f"link {second}", by=WU, direct=True)
    assert heard.whisper.title == "This code does not count."


async def test_after_five_wrong_codes_even_the_right_one_has_to_wait(chat: Chat) -> None:
    for number in range(5):
        heard = await chat.says(f"link 2222-222{number + 2}", by=WU, direct=True)
        assert heard.whisper.title == "This code does not count."
    code = code_in(await chat.says("link", by="吴桐"))
    refusal = await chat.refused(f"link {code}", by=WU, direct=True)
    assert (refusal.title, refusal.text) == ("Too many wrong codes.", "Try again after 14:15.")
    assert (await chat.says(f"link {code}", by=MALLORY, direct=True)).whisper.title.startswith("You are 吴桐")
    await chat.passes(minutes=15)
    heard = await chat.says("link 2222-2222", by=WU, direct=True)
    assert heard.whisper.title == "This code does not count."


async def test_an_account_that_is_somebodys_is_not_joined_to_another(chat: Chat) -> None:
    code = code_in(await chat.says("link", by="吴桐"))
    refusal = await chat.refused(f"link {code}", by="周帆", direct=True)
    assert refusal.title == "This account is 周帆's already."
    # The code was not used up by that.
    assert (await chat.says(f"link {code}", by=WU, direct=True)).whisper.title == "You are 吴桐 here, too."


async def test_a_second_account_on_the_same_platform_is_refused(chat: Chat) -> None:
    code = code_in(await chat.says("link", by="陈立", on="slack"))
    refusal = await chat.refused(f"link {code}", by=WU, direct=True)
    assert refusal.title == "陈立 has an account on telegram already."


async def test_no_code_is_given_where_others_read_along(chat: Chat) -> None:
    refusal = await chat.refused("link", by="周帆", room="alerts")
    assert refusal.text == "Say link to me in a private chat."
    assert await chat.count(LinkCode) == 0
    assert code_in(await chat.says("link", by="周帆", direct=True))


async def test_a_stranger_gets_no_code(chat: Chat) -> None:
    refusal = await chat.refused("link", by=MALLORY, direct=True)
    assert refusal.title == "You are not on this team's list."
    assert await chat.count(LinkCode) == 0


async def test_a_code_stands_nowhere_in_the_database_once_it_is_said(chat: Chat) -> None:
    code = code_in(await chat.says("link", by="吴桐"))
    async with chat.database.read() as session:
        kept = [repr(row.model_dump()) for row in await rows(session, Outbox)]
        kept += [repr(row.model_dump()) for row in await rows(session, LinkCode)]
    assert not any(part in words for words in kept for part in (code, code.replace("-", "")))


async def test_whoever_was_joined_can_part_again(chat: Chat) -> None:
    await joined(chat)
    heard = await chat.says("link off", by=WU, direct=True)
    assert heard.whisper.title == "Your accounts are parted."
    assert (await chat.refused("list", by=WU, direct=True)).title == "You are not on this team's list."
    assert (await chat.refused("link off", by="吴桐")).title == "No account was joined to yours."


async def test_a_lead_sees_who_is_joined_and_others_do_not(chat: Chat) -> None:
    await joined(chat)
    heard = await chat.says("link list", by="陈立")
    assert "吴桐 · telegram 1003" in heard.whisper.text
    assert (await chat.refused("link list", by="林悦")).title == "Only a lead may do that."


async def test_what_the_roster_says_of_an_account_goes_before_a_link(chat: Chat) -> None:
    await joined(chat)
    named = [*chat.team.listed]
    chat.team.become(team(people=[*named, named[0].__class__(name="王五", ids={"telegram": "1003"})]))
    found = chat.team.with_id("telegram", "1003")
    assert found is not None
    assert found.name == "王五"
    assert "telegram" not in next(each for each in chat.team.people if each.name == "吴桐").ids


async def test_a_joined_account_stays_joined_after_a_restart(url: str) -> None:
    async with Chat(url) as chat:
        await joined(chat)
    async with Chat(url) as again:
        await again.says("log #1 x", by=WU)
        assert again.team.links == {("telegram", "1003"): "吴桐"}
