"""What other programs are told: every entry, signed, again until it is taken; nothing of drills and private incidents."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from bot.assembly import receivers_of
from bot.bridges import Bridges, Taker
from bot.config import ConfigError, load
from bot.delivery import Delivery
from bot.sources.webhook import verify
from bot.transports.webhook_out import Receiver as Target
from bot.transports.webhook_out import WebhookTransport
from playbooks import bridging
from tests.chat import Chat
from tests.fakes import FakeRooms
from tests.servers.receiver import Answer, Receiver, dingtalk_takes, feishu_takes

SECRET = "ticket-secret"
HOSTILE = '蛋糕 <at user_id="all">所有人</at> {secret} {text} "引号"'


class Bridged(Chat):
    """A chat whose timeline goes to other programs as well."""

    bridges: Bridges
    out: WebhookTransport

    async def tells(self, **later: float) -> None:
        """The sweep comes round, now or later, and what may go out goes."""
        self.clock.passes(timedelta(**later))
        await self.bridges.sweep()
        sender = Delivery(
            database=self.database,
            team=self.team,
            clock=self.clock,
            transports={"webhook": self.out},
            shelf=self.delivery.shelf,
        )
        while rows := (await self._due("webhook"))["webhook"]:
            for row in rows:
                await sender._send(self.out, row)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as found:
        yield found


async def chatting(
    url: str, receiver: Receiver, preset: str = "generic", entries: tuple[str, ...] = (), secret: str = SECRET
) -> Bridged:
    chat = Bridged(
        url, transports={"slack": FakeRooms("slack"), "telegram": FakeRooms("telegram", has_topics=True)}
    )
    target = Target(url=receiver.url, bridge=bridging.load()[preset], secret=secret)
    chat.out = WebhookTransport({"ticket": target}, chat.clock, timeout=0.3)
    taker = Taker(name="ticket", entries=frozenset(entries))
    chat.bridges = Bridges(
        database=chat.database, takers=[taker], team=chat.team, clock=chat.clock, ring=chat.delivery.ring
    )
    return chat


async def test_every_entry_is_sent_once_and_signed_like_what_is_pushed_to_us(
    url: str, receiver: Receiver
) -> None:
    async with await chatting(url, receiver) as chat:
        await chat.opens(title=HOSTILE)
        await chat.says("claim 1", by="林悦")
        await chat.tells()
        await chat.tells()
        assert [got.json["entry"] for got in receiver.got] == ["opened", "claimed"]
        first = receiver.got[0]
        stamp, signature = first.headers["X-Fenghuo-Timestamp"], first.headers["X-Fenghuo-Signature"]
        verify(SECRET, stamp, signature, first.body, chat.clock())
        said = first.json
        assert (said["incident"], said["title"], said["level"], said["by"]) == (
            "1",
            HOSTILE,
            "orange",
            "林悦",
        )
        assert said["at"] == chat.clock().isoformat()
        assert SECRET not in first.body.decode()


async def test_a_receiver_gets_only_the_kinds_of_entries_that_it_wants(url: str, receiver: Receiver) -> None:
    async with await chatting(url, receiver, entries=("claimed",)) as chat:
        await chat.opens()
        await chat.says("claim 1", by="林悦")
        await chat.says("respond 1", by="林悦")
        await chat.tells()
        assert [got.json["entry"] for got in receiver.got] == ["claimed"]


@pytest.mark.parametrize(
    "trouble", [Answer(status=500), Answer(delay=1.0), Answer(status=429, headers={"Retry-After": "2"})]
)
async def test_what_is_not_taken_is_sent_again_under_the_same_id(
    url: str, receiver: Receiver, trouble: Answer
) -> None:
    receiver.answers = [trouble]
    async with await chatting(url, receiver) as chat:
        await chat.opens()
        await chat.tells()
        assert len(receiver.got) == 1
        await chat.tells(seconds=60)
        first, second = (got.json for got in receiver.got)
        assert first["delivery"] == second["delivery"]
        assert first["repeat"] == "false"
        assert second["repeat"] == ("false" if trouble.status == 429 else "true")
        await chat.tells(seconds=60)
        assert len(receiver.got) == 2


async def test_what_is_refused_is_not_sent_again_and_the_address_is_not_logged(
    url: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [Answer(status=404)]
    async with await chatting(url, receiver) as chat:
        await chat.opens()
        await chat.tells()
        await chat.tells(hours=1)
    assert len(receiver.got) == 1
    assert "refused with status 404" in caplog.text
    assert receiver.url not in caplog.text


async def test_a_receiver_that_is_down_gets_it_when_it_is_back(url: str) -> None:
    async with Receiver() as away:
        pass
    async with await chatting(url, away) as chat:
        await chat.opens()
        await chat.tells()
        async with Receiver() as back:
            target = chat.out.receivers["ticket"]
            chat.out.receivers = {"ticket": Target(url=back.url, bridge=target.bridge, secret=SECRET)}
            await chat.tells(minutes=1)
            assert [got.json["entry"] for got in back.got] == ["opened"]


async def test_nothing_of_drills_and_private_incidents_is_told(url: str, receiver: Receiver) -> None:
    async with await chatting(url, receiver) as chat:
        await chat.says("drill start moldy_cake", by="周帆", room="drills")
        await chat.says("new red user_complaint 演习", by="林悦", room="drills")
        await chat.says("new red employee_conduct private 总监骚扰", by="陈立", on="slack", direct=True)
        await chat.tells()
        assert receiver.got == []


async def test_what_is_older_than_a_day_is_no_news(url: str, receiver: Receiver) -> None:
    async with await chatting(url, receiver) as chat:
        await chat.opens()
        chat.clock.passes(timedelta(days=2))
        await chat.opens()
        await chat.tells()
        assert [got.json["incident"] for got in receiver.got] == ["2"]


async def test_feishu_gets_its_form_its_signature_and_no_live_mention(url: str, receiver: Receiver) -> None:
    receiver.usual.body = {"code": 0, "msg": "success"}
    async with await chatting(url, receiver, "feishu") as chat:
        await chat.opens(title=HOSTILE)
        await chat.tells()
    [got] = receiver.got
    assert feishu_takes(got, SECRET)
    assert got.json["msg_type"] == "text"
    assert "＜at user_id" in got.json["content"]["text"]
    assert "<at" not in got.body.decode()


async def test_dingtalk_is_signed_in_the_address(url: str, receiver: Receiver) -> None:
    receiver.usual.body = {"errcode": 0, "errmsg": "ok"}
    async with await chatting(url, receiver, "dingtalk") as chat:
        await chat.opens(title=HOSTILE)
        await chat.tells()
    [got] = receiver.got
    assert dingtalk_takes(got, SECRET)
    assert HOSTILE in got.json["text"]["content"]
    assert "at" not in got.json


async def test_wecom_gets_what_fits_and_waits_when_it_is_busy(url: str, receiver: Receiver) -> None:
    receiver.usual.body = {"errcode": 0, "errmsg": "ok"}
    receiver.answers = [Answer(body={"errcode": 45009, "errmsg": "api freq out of limit"})]
    async with await chatting(url, receiver, "wecom", secret="") as chat:
        await chat.opens(title="发霉" * 90)
        await chat.says(f"log 1 {'顾客来电' * 900}", by="林悦")
        await chat.tells()
        before = len(receiver.got)
        await chat.tells(seconds=59)
        assert len(receiver.got) == before
        await chat.tells(seconds=2)
    contents = [got.json["text"]["content"] for got in receiver.got]
    assert contents.count(contents[0]) == 2
    assert max(len(content.encode()) for content in contents) <= 2048
    assert any(content.endswith("…") for content in contents)


async def test_a_robot_that_says_no_with_status_200_is_heard(
    url: str, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.usual.body = {"errcode": 310000, "errmsg": "sign not match"}
    async with await chatting(url, receiver, "dingtalk") as chat:
        await chat.opens()
        await chat.tells()
    assert re.search(r"was refused: refused: \{'errcode': '310000'\}", caplog.text)


def test_a_team_may_have_bridges_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "bridges").mkdir()
    (tmp_path / "bridges" / "slackish.yaml").write_text('body: {text: "{message}"}\n', "utf-8")
    found = bridging.load(tmp_path)
    assert {"generic", "feishu", "dingtalk", "wecom", "slackish"} <= set(found)
    request = found["slackish"].request({"message": "{words} 原样"}, "", 0)
    assert request.body.decode() == '{"text":"{words} 原样"}'


@pytest.mark.parametrize(
    ("hook", "problem"),
    [
        (
            "{name: ticket, url: 'http://127.0.0.1/x', secret_env: NOT_THERE}",
            "the environment has no NOT_THERE",
        ),
        ("{name: ticket}", "url or url_env is missing"),
        ("{name: ticket, url: 'ftp://x'}", "url"),
    ],
)
def test_a_bridge_that_cannot_work_is_told_of_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hook: str, problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fenghuo.yaml").write_text(
        f"rooms: [{{name: alerts, slack: C0}}]\nwebhooks_out: [{hook}]\n", "utf-8"
    )
    with pytest.raises(ConfigError) as wrong:
        load(console=False)
    assert problem in str(wrong.value)


def test_an_unknown_preset_names_those_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "rooms: [{name: alerts, slack: C0}]\nwebhooks_out: [{name: t, url: 'http://x/y', preset: lark}]\n"
    (tmp_path / "fenghuo.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match="no preset lark; there are dingtalk, feishu, generic, wecom"):
        receivers_of(load(console=False))
