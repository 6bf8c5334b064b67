"""The ladder: whom it calls, in which order, and that each rung is climbed once, whatever stops and starts meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from handlers.kit.team import Person, Team
from handlers.shared.ladder import Call, calls, told_and_next
from playbooks.clocks import Rung, Tell
from playbooks.rota import Rota
from storage import deadlines, incidents
from storage.models import Deadline, Incident
from tests.chat import NOW, PEOPLE, Chat, Heard, team

LADDER = tuple(
    Rung.model_validate({"after": after, "tell": tell})
    for after, tell in (("0m", "owner"), ("10m", "deputy"), ("20m", "lead"), ("30m", "rota"))
)
ROTA = Rota.model_validate(
    {"people": ["林悦", "陈立", "吴桐"], "from": "2026-11-16", "zone": "Asia/Shanghai"}
)


def crew(deputies: dict[str, str] | None = None, rota: Rota | None = ROTA, **people: Any) -> Team:
    """The team with a rota and deputies; `roles` of people by name may be others."""
    known = [replace(each, deputy=(deputies or {}).get(each.name, "")) for each in PEOPLE]
    changed = [replace(each, roles=frozenset(people.get(each.name, each.roles))) for each in known]
    return replace(team(people=changed), rota=rota)


def called(
    on: Team, *, owner: str = "", to: str = "", kind: str = "holding"
) -> list[tuple[Tell, tuple[str, ...]]]:
    incident = Incident(id=1, title="x", owner=owner, opened_at=NOW)
    due = Deadline(incident_id=1, kind=kind, to=to, due_at=NOW)
    return [(call.tell, call.people) for call in calls(on, incident, due, LADDER, NOW)]


def test_the_commander_comes_first_then_the_deputy_the_leads_and_the_next_on_call() -> None:
    on = crew({"林悦": "陈立"}, 周帆=["lead"], 吴桐=["responder"])
    assert called(on, owner="林悦") == [
        (Tell.OWNER, ("林悦",)),
        (Tell.DEPUTY, ("陈立",)),
        (Tell.LEAD, ("周帆",)),
        (Tell.ROTA, ("陈立",)),
    ]


def test_a_duty_that_was_given_to_somebody_is_theirs_before_the_commander() -> None:
    assert called(crew({"吴桐": "林悦"}), owner="陈立", to="吴桐")[:2] == [
        (Tell.OWNER, ("吴桐",)),
        (Tell.DEPUTY, ("林悦",)),
    ]


def test_what_nobody_has_taken_is_whose_turn_it_is_and_without_a_rota_the_leads() -> None:
    assert called(crew())[0] == (Tell.OWNER, ("林悦",))
    assert called(crew(rota=None)) == [(Tell.OWNER, ("陈立", "吴桐"))]


def test_nobody_is_told_twice_in_a_row() -> None:
    # 吴桐 is deputy and one of two leads; next on call is 陈立, who was told as the other.
    assert called(crew({"林悦": "吴桐"}), owner="林悦") == [
        (Tell.OWNER, ("林悦",)),
        (Tell.DEPUTY, ("吴桐",)),
        (Tell.LEAD, ("陈立",)),
    ]
    only = crew({"林悦": "陈立"}, rota=None, 吴桐=["responder"])
    assert called(only, owner="林悦") == [(Tell.OWNER, ("林悦",)), (Tell.DEPUTY, ("陈立",))]


def test_who_is_not_on_the_roster_cannot_be_called_so_the_next_one_is() -> None:
    on = crew()
    assert called(on, owner="陈立", to="前同事")[0] == (Tell.OWNER, ("陈立",))
    assert called(on, owner="访客(U0GUEST)")[0] == (Tell.OWNER, ("林悦",))


def test_where_there_is_nobody_it_is_said_all_the_same() -> None:
    nobody = Team(brand="x", people=(Person(name="周帆", roles=frozenset({"facilitator"})),))
    assert called(nobody) == [(Tell.OWNER, ())]


def test_the_golden_hours_are_told_of_once() -> None:
    assert called(crew({"林悦": "陈立"}), owner="林悦", kind="golden") == [(Tell.OWNER, ("林悦",))]


def test_a_rung_that_calls_nobody_any_more_is_passed_over() -> None:
    found = [
        Call(rung=1, after=timedelta(), tell=Tell.OWNER, people=("a",)),
        Call(rung=4, after=timedelta(minutes=30), tell=Tell.ROTA, people=("b",)),
    ]
    assert told_and_next(found, 1) == (found[0], found[1])
    assert told_and_next(found, 3) == (found[1], None)
    assert told_and_next(found, 5) == (None, None)


# In chat

CREW = {"林悦": "吴桐"}


def told(heard: Heard) -> list[tuple[str, tuple[str, ...]]]:
    """What was said on Slack in the room, and who was called by it."""
    return [(each.title, each.calls) for each in heard.posts if each.transport == "slack" and each.broadcast]


def footer(heard: Heard) -> str:
    """The small print of the one nudge."""
    return next(each.card.footer for each in heard.posts if each.broadcast)


async def test_an_overdue_statement_climbs_rung_by_rung_and_then_rests(url: str) -> None:
    async with Chat(url, team=crew(CREW)) as chat:
        await chat.opens()
        await chat.says("claim 1", by="林悦")
        await chat.says("respond 1", by="林悦")
        assert not told(await chat.passes(minutes=119))
        heard = await chat.passes(minutes=1)
        assert told(heard) == [("Orange #1 · no statement is approved, due 16:00", ("林悦",))]
        assert footer(heard) == "Told: 林悦 · unless it is done, 16:10: 吴桐, as deputy"
        assert not told(await chat.passes(minutes=9))
        assert [calls for _, calls in told(await chat.passes(minutes=1))] == [("吴桐",)]
        heard = await chat.passes(minutes=10)
        assert [calls for _, calls in told(heard)] == [("陈立",)]
        assert footer(heard) == "Told: 陈立, who leads"
        assert not told(await chat.passes(minutes=80))
        golden = told(await chat.passes(minutes=20))
        assert [calls for _, calls in golden] == [("林悦",)]
        assert "golden hours" in golden[0][0]
        assert not told(await chat.passes(hours=10))
        kinds = [entry.kind for entry in await chat.entries()]
    assert (kinds.count("overdue"), kinds.count("escalated")) == (2, 2)


async def test_what_is_done_between_two_rungs_ends_the_ladder(url: str) -> None:
    async with Chat(url, team=crew(CREW)) as chat:
        await chat.opens()
        await chat.passes(minutes=10)
        await chat.says("claim 1", by="林悦")
        await chat.says("respond 1", by="林悦")
        assert not told(await chat.passes(minutes=60))


async def test_a_change_of_hands_leaves_the_ladder_where_it_is(url: str) -> None:
    async with Chat(url, team=crew({"吴桐": "林悦"})) as chat:
        await chat.opens()
        await chat.says("claim 1", by="林悦")
        await chat.says("respond 1", by="林悦")
        await chat.passes(hours=2)
        await chat.says("handover 1 @吴桐", by="林悦")
        # 林悦 has no deputy, so the leads were next.
        assert not told(await chat.passes(minutes=19))
        assert [calls for _, calls in told(await chat.passes(minutes=1))] == [("陈立", "吴桐")]


async def test_after_a_pause_each_rung_still_has_its_time(url: str) -> None:
    """The bot was off, or the clock was set on by hours: what is late is told once, and the next waits its turn."""
    async with Chat(url, team=crew(CREW)) as chat:
        await chat.opens()
        await chat.says("claim 1", by="林悦")
        await chat.says("respond 1", by="林悦")
        assert [calls for _, calls in told(await chat.passes(hours=3))] == [("林悦",)]
        assert not told(await chat.passes(minutes=9))
        assert [calls for _, calls in told(await chat.passes(minutes=1))] == [("吴桐",)]


async def test_a_clock_that_is_set_back_repeats_nothing(url: str) -> None:
    async with Chat(url, team=crew(CREW)) as chat:
        await chat.opens()
        assert len(told(await chat.passes(minutes=10))) == 1
        chat.clock.passes(-timedelta(hours=1))
        assert not told(await chat.passes(minutes=30))
        assert not told(await chat.passes(minutes=39))
        assert [calls for _, calls in told(await chat.passes(minutes=1))] == [("吴桐",)]


async def test_two_processes_climb_no_rung_twice(url: str) -> None:
    async with Chat(url, team=crew(CREW)) as chat:
        await chat.opens()
        async with Chat(url, team=crew(CREW), transports=chat.transports, clock=chat.clock) as other:
            for minutes in (10, 10, 10, 10):
                chat.clock.passes(timedelta(minutes=minutes))
                await chat.sweeper.sweep()
                await other.sweeper.sweep()
                await chat.settle()
                await other.settle()
        said = [
            each for each in chat.transports["slack"].posts if each.broadcast and "claimed it" in each.title
        ]
        assert [each.calls for each in said] == [("林悦",), ("吴桐",), ("陈立",)]


async def test_every_kind_climbs_the_same_ladder(url: str) -> None:
    async with Chat(url, team=crew({"陈立": "吴桐"})) as chat:
        await chat.opens()
        await chat.says("claim 1", by="林悦")
        await chat.says("respond 1", by="林悦")
        async with chat.database.write() as session:
            incident = await incidents.get(session, 1)
            assert incident is not None
            due = chat.clock() + timedelta(minutes=5)
            await deadlines.put(session, incident, "task", due, ref="1", what="联系门店", to="陈立")
        assert [calls for _, calls in told(await chat.passes(minutes=5))] == [("陈立",)]
        assert [calls for _, calls in told(await chat.passes(minutes=10))] == [("吴桐",)]
        heard = await chat.passes(minutes=10)
        assert [calls for _, calls in told(heard)] == [("陈立",)]
        assert "联系门店" in heard.posts[0].title
        assert not any(each.card.buttons and "takeover" in str(each.wires) for each in heard.posts)


async def owe(chat: Chat, *tasks: tuple[str, str]) -> None:
    """Free tasks of people, due in five minutes."""
    for what, name in tasks:
        await chat.says(f"task 1 {what} @{name} 5m", by="林悦")


async def test_work_that_is_late_at_once_is_told_in_one_message_to_each(url: str) -> None:
    async with Chat(url, team=crew({"吴桐": "陈立"}, rota=None)) as chat:
        await chat.opens()
        await chat.says("claim 1", by="林悦")
        await owe(chat, ("联系门店", "林悦"), ("封存样品", "吴桐"), ("下架商品", "林悦"))
        heard = await chat.passes(minutes=5)
        assert told(heard) == [
            ("Orange #1 · 2 steps and tasks are overdue", ("林悦",)),
            ("Orange #1 · not done: 封存样品, due 14:05", ("吴桐",)),
        ]
        together = next(each for each in heard.posts if "2 steps" in each.title)
        assert "联系门店, due 14:05" in together.text
        assert "下架商品, due 14:05" in together.text
        await chat.presses("✓ 联系门店", together, by="林悦")
        # Each climbs its own ladder: what is done is not told of again.
        assert [calls for _, calls in told(await chat.passes(minutes=10))] == [("陈立",)]
        heard = await chat.passes(minutes=10)
        assert ("Orange #1 · not done: 下架商品, due 14:05", ("陈立", "吴桐")) in told(heard)
        kinds = [entry.kind for entry in await chat.entries()]
        assert (kinds.count("overdue"), kinds.count("escalated")) == (3, 3)


@pytest.mark.parametrize("moment", ["before the notice", "within the notice"])
async def test_a_kill_between_firing_and_telling_loses_no_rung(url: str, moment: str) -> None:
    async with Chat(url, team=crew(CREW)) as chat:
        await chat.opens()
        chat.clock.passes(timedelta(minutes=10))
        await chat.sweeper.sweep()
        if moment == "within the notice":
            await _killed_while_telling(chat)
        assert not [each for each in chat.transports["slack"].posts if each.broadcast]
    async with Chat(url, team=crew(CREW), transports=chat.transports, clock=chat.clock) as again:
        assert [calls for _, calls in told(await again.passes(seconds=0))] == [("林悦",)]
        # The ten minutes to the next rung, and nothing of what was told.
        assert [calls for _, calls in told(await again.passes(minutes=10))] == [("吴桐",)]
        assert [entry.kind for entry in await again.entries()] == ["opened", "overdue", "escalated"]


class Killed(BaseException):
    """The process ends here: nothing catches it, and nothing is committed."""


async def _killed_while_telling(chat: Chat) -> None:
    """All that the handler does is done, and the process ends before it is committed."""

    async def die(*_: object) -> datetime:
        raise Killed

    put, chat.dispatch.speech.put = chat.dispatch.speech.put, die  # type: ignore[assignment, method-assign]
    with pytest.raises(Killed):
        await chat.settle()
    chat.dispatch.speech.put = put  # type: ignore[method-assign]
