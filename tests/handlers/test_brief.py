"""Briefs for those who lead: what stands in them, who has read them, by chat and by mail; and catching up."""

from __future__ import annotations

import pytest
from typing_extensions import override

from bot.transports.base import Letter, TransportError
from bot.transports.mail import MailTransport
from handlers.kit.cards import Card
from handlers.kit.team import Room
from storage.models import Brief, Outbox, Reading
from tests.chat import CHANNELS, Chat, complaints, rows, team
from tests.fakes import FakeTransport, Said
from tests.servers.mail import MailServer

LEADS = CHANNELS["leads"]["slack"]
BOX = Room(name="mail:陈立", purpose="mail", ids={"mail": "chenli@example.com"}, language="zh")


def briefs(chat: Chat) -> list[Said]:
    return [
        each for each in chat.transports["slack"].posts if each.channel == LEADS and "Brief" in each.title
    ]


def section(said: Said, title: str) -> tuple[str, ...]:
    return next(each.lines for each in said.card.sections if each.title == title)


async def test_a_brief_is_half_a_page_of_stored_facts_under_the_usual_headings(chat: Chat) -> None:
    await chat.mentions(*complaints(3))
    await chat.says("claim 1", by="林悦")
    await chat.says("playbook 1", by="林悦")
    await chat.says("step 1 1 done", by="林悦")
    heard = await chat.says("brief 1", by="林悦")
    said = briefs(chat)[0]
    assert [each.title for each in said.card.sections] == [
        "Event", "Now", "Judgement", "Done so far", "Proposed", "Next update", "",
    ]  # fmt: skip
    assert section(said, "Event")[0] == "Opened 14:00 by monitor"
    assert section(said, "Now")[0] == "林悦 has it"
    assert "Douyin ×3" in section(said, "Now")[1]
    assert "total unknown" in section(said, "Now")[1]
    assert section(said, "Judgement")[1].startswith("Why yellow: ")
    assert section(said, "Done so far")[0].startswith("Steps done: 1 of ")
    assert "No statement is approved yet." in section(said, "Done so far")
    assert section(said, "Proposed")
    assert section(said, "Next update") == ("first statement by 18:00", "next brief at 22:00")
    assert section(said, "") == ("Not yet: 陈立, 吴桐",)
    assert said.calls == ("陈立", "吴桐")
    assert "2026-11-20 14:00" in said.card.footer
    assert len(said.text.splitlines()) <= 30
    assert "Brief 1" in heard.whisper.title
    assert (await chat.entries())[-1].kind == "brief"


async def test_who_has_read_it_stands_on_the_card_by_name_once(chat: Chat) -> None:
    await chat.opens()
    await chat.says("brief 1", by="林悦")
    said = briefs(chat)[0]
    before = [each for each in said.card.sections if each.title]
    await chat.passes(minutes=7)
    await chat.presses("Read", said, by="陈立")
    assert section(said, "") == ("Read: 陈立 14:07", "Not yet: 吴桐")
    assert "already" in await chat.refused_press("Read", said, by="陈立")
    await chat.passes(minutes=1)
    await chat.says("已读 1", by="吴桐")
    assert section(said, "") == ("Read: 陈立 14:07, 吴桐 14:08",)
    # It is what it was when it was written.
    assert [each for each in said.card.sections if each.title] == before
    assert await chat.count(Reading) == 2


async def test_whoever_reads_an_old_brief_signs_that_one(chat: Chat) -> None:
    await chat.opens()
    await chat.says("brief 1", by="林悦")
    await chat.says("brief 1", by="林悦")
    first, second = briefs(chat)
    await chat.presses("Read", first, by="陈立")
    assert "陈立" in section(first, "")[0]
    assert "陈立" in section(second, "")[0]
    assert section(second, "")[0].startswith("Not yet")
    assert "brief 1" in (await chat.refused("read 1 7", by="陈立")).text


async def test_a_brief_comes_by_itself_as_often_as_the_level_asks(chat: Chat) -> None:
    await chat.opens("red")
    await chat.says("claim 1", by="林悦")
    await chat.says("respond 1", by="林悦")
    assert not briefs(chat)
    await chat.passes(minutes=60)
    assert len(briefs(chat)) == 1
    assert "brief" not in {entry.data.get("what") for entry in await chat.entries()}
    await chat.passes(minutes=59)
    assert len(briefs(chat)) == 1
    await chat.passes(minutes=1)
    assert [each.title.split(" · ")[0] for each in briefs(chat)] == ["Brief 1", "Brief 2"]
    await chat.says("brief 1", by="林悦")
    await chat.passes(minutes=59)
    assert len(briefs(chat)) == 3, "one that somebody asked for puts the next off"
    await chat.says("close 1 done", by="林悦")
    await chat.passes(days=1)
    assert len(briefs(chat)) == 3


async def test_a_level_up_is_briefed_at_once_and_a_level_down_is_not(chat: Chat) -> None:
    await chat.opens("yellow")
    await chat.says("level 1 orange", by="林悦")
    assert len(briefs(chat)) == 1
    assert briefs(chat)[0].card.tone == "orange"
    await chat.says("level 1 blue", by="陈立")
    await chat.passes(days=1)
    assert len(briefs(chat)) == 1, "blue asks for none, so none comes by itself any more"


async def test_without_a_room_for_leads_it_stands_in_the_thread(url: str) -> None:
    async with Chat(url, team=team(rooms=team().rooms[:1])) as chat:
        await chat.opens()
        await chat.says("brief 1", by="林悦")
        said = chat.last()
        assert said.thread == (await chat.card()).message
        await chat.presses("Read", said, by="陈立")
        assert "陈立" in section(said, "")[0]


async def test_a_drill_s_brief_stays_in_the_drill_and_goes_to_no_mailbox(url: str) -> None:
    crew = team(rooms=(*team().rooms, BOX))
    platforms = {
        "slack": FakeTransport("slack", native_forms=True, looks_back=True),
        "telegram": FakeTransport("telegram", native_forms=False, looks_back=False),
        "mail": FakeTransport("mail", native_forms=False, looks_back=False),
    }
    async with Chat(url, team=crew, transports=platforms) as chat:
        await chat.says("drill start moldy_cake", by="周帆", room="drills")
        await chat.looks()
        await chat.says("brief 1", by="林悦", room="drills")
        said = [each for each in platforms["slack"].posts if "Brief" in each.title]
        assert [each.channel for each in said] == [CHANNELS["drills"]["slack"]]
        assert said[0].title.startswith("【演练】")
        assert platforms["mail"].said == []


async def test_only_what_is_on_is_briefed(chat: Chat) -> None:
    await chat.opens()
    await chat.says("dismiss 1 旧图", by="陈立")
    assert "reopen 1" in (await chat.refused("brief 1", by="陈立")).text
    assert await chat.count(Brief) == 0


# Mail


class Mailing(FakeTransport):
    """Mail as the bot sends it, kept as well."""

    def __init__(self, url: str) -> None:
        super().__init__("mail", native_forms=False, looks_back=False)
        self.real = MailTransport(url)

    @override
    async def post(self, letter: Letter) -> str:
        await self.real.post(letter)
        return self._keep(letter)


def mailing(url: str, server: MailServer) -> Chat:
    """The team, and 陈立 who gets briefs by mail."""
    slack = FakeTransport("slack", native_forms=True, looks_back=True)
    platforms = {"slack": slack, "mail": Mailing(server.url)}
    return Chat(url, team=team(rooms=(*team().rooms, BOX)), transports=platforms)


async def states(chat: Chat) -> list[tuple[str, str]]:
    async with chat.database.read() as session:
        return [(row.state, row.error) for row in await rows(session, Outbox) if row.transport == "mail"]


async def test_a_brief_goes_by_mail_to_whoever_wants_it(url: str) -> None:
    async with MailServer(user="bot@example.com", password="secret") as server:
        async with mailing(url, server) as chat:
            await chat.opens(title="蛋糕发霉")
            await chat.says("brief 1", by="林悦")
            await chat.presses("Read", briefs(chat)[0], by="陈立")
        [mail] = server.took
        assert (mail.sender, mail.to, server.logins) == ("bot@example.com", "chenli@example.com", 1)
        assert mail.message["Subject"] == "快报 1 · 橙 #1 蛋糕发霉"
        assert "事件\n14:00 立案（林悦）" in mail.text
        assert "\n下次更新\n" in mail.text
        assert "look.show" not in mail.text


async def test_a_mail_that_cannot_go_now_goes_later_and_one_that_never_can_is_given_up(url: str) -> None:
    async with MailServer(refusals=["451 later"]) as server:
        async with mailing(url, server) as chat:
            await chat.opens()
            await chat.says("brief 1", by="林悦")
            assert await states(chat) == [("pending", "451 later")]
            await chat.passes(minutes=2)
            assert [state for state, _ in await states(chat)] == ["sent"]
            server.unknown = ("chenli@example.com",)
            await chat.says("brief 1", by="林悦")
            assert (await states(chat))[1:] == [("failed", "550 no such box")]
        assert len(server.took) == 1


def letter(title: str = "x") -> Letter:
    return Letter(outbox_id="7", channel="chenli@example.com", card=Card(title=title, text="y"))


async def refused(url: str) -> TransportError:
    with pytest.raises(TransportError) as caught:
        await MailTransport(url).post(letter())
    return caught.value


async def test_a_server_that_is_away_is_tried_again_and_a_wrong_password_is_not() -> None:
    away = await refused("smtp://127.0.0.1:1")
    assert (away.permanent, away.unsure) == (False, False)
    async with MailServer(user="bot@example.com", password="secret") as server:
        wrong = await refused(server.url.replace("secret", "guess"))
        assert (wrong.permanent, wrong.message) == (True, "535 wrong")
        assert await MailTransport(server.url).check() == []
        assert await MailTransport(server.url.replace("secret", "guess")).check() == ["SMTP_URL: 535 wrong"]
        assert server.took == []


async def test_a_password_never_goes_in_the_clear_beyond_this_machine() -> None:
    async with MailServer(user="bot@example.com", password="secret", host="127.0.0.2") as server:
        error = await refused(server.url)
        assert error.permanent
        assert "encryption" in error.message
        assert server.logins == 0


async def test_a_title_makes_no_header_of_its_own_and_a_repeat_is_known_by_its_id() -> None:
    async with MailServer() as server:
        transport = MailTransport(server.url + "?from=house@example.com")
        for _ in range(2):
            await transport.post(letter("蛋糕\nBcc: all@example.com"))
        one, other = server.took
        assert one.message["Subject"] == "蛋糕 Bcc: all@example.com"
        assert one.message["Bcc"] is None
        assert one.message["Message-ID"] == other.message["Message-ID"]
        assert one.sender == "house@example.com"


# Catching up


async def test_whoever_comes_late_is_told_alone_what_happened_who_does_what_and_what_is_due(
    chat: Chat,
) -> None:
    await chat.mentions(*complaints(3))
    await chat.says("claim 1", by="林悦")
    await chat.says("log 1 已联系门店", by="林悦")
    heard = await chat.says("catchup 1", by="吴桐")
    assert not heard.posts
    told = heard.whisper
    assert told.to == "U0WU"
    assert "林悦 has it" in told.title
    assert "Douyin ×3" in section(told, "What happened")[0]
    assert "林悦" in section(told, "Who does what")[0]
    assert "· assemble by 15:00" in section(told, "What is due")
    assert "已联系门店" in section(told, "Latest")[-1]
    assert len(section(told, "Latest")) <= 5
    assert "look.show:1" in told.wires


async def test_catching_up_works_when_it_is_over_and_when_nobody_has_it(chat: Chat) -> None:
    await chat.opens()
    told = (await chat.says("前情 1", by="林悦")).whisper
    assert section(told, "Who does what")[0] == "Nobody has taken command yet."
    await chat.says("dismiss 1 旧图", by="陈立")
    told = (await chat.says("catchup 1", by="林悦")).whisper
    assert section(told, "What is due") == ("Nothing is due.",)
