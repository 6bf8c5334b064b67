"""What platforms hand in: somebody typed, somebody pressed."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from handlers.kit.messages import Attached, Place, Pressed, Quoted, Sender, Typed
from handlers.kit.team import Team
from tests.cast import BOT, CHANNELS
from tests.fakes import FakeTransport, Said, SetClock


class Arrivals:
    """Makes what arrives, each with an id of its own, as the two platforms would hand it in."""

    def __init__(self, team: Team, transports: Mapping[str, FakeTransport], clock: SetClock) -> None:
        self.team = team
        self.transports = transports
        self.clock = clock
        self._numbers = itertools.count(1)

    def typed(
        self,
        text: str,
        *,
        by: str | Sender,
        on: str = "",
        room: str = "alerts",
        channel: str = "",
        under: Said | None = None,
        replying: Place | None = None,
        direct: bool = False,
        mention: bool = False,
        answer: bool = False,
        files: Sequence[Attached] = (),
    ) -> Typed:
        """What a platform hands in when somebody types.

        Args:
            by: a name of the roster, or whoever the platform says it is.
            on: the platform; the first that the person or what they write under is on.
            under: the bot's message in whose thread, or in reply to which, it is written.
            replying: a person's message that it replies to.
            direct: in a private chat with the bot.
            mention: on Slack `@Fenghuo` and not `/crisis`, so there is no trigger for a form.
            answer: it answers the bot's question.
            files: what comes with it.
        """
        place = replying or under
        sender = by if isinstance(by, Sender) else self.sender(by, on or (place.transport if place else ""))
        is_slack = sender.transport == "slack"
        where = channel or (place.channel if place else CHANNELS[room].get(sender.transport, ""))
        if direct:
            where = f"D{sender.user}" if is_slack else sender.user
        is_slash = is_slack and not (place or direct or mention)
        number = next(self._numbers)
        return Typed(
            id=f"{sender.transport}:typed:{id(self)}:{number}",
            text=text,
            by=sender,
            at=Place(
                transport=sender.transport,
                channel=where,
                thread=(replying.thread if replying else under.thread or under.message if under else "")
                if is_slack
                else "",
                message="" if is_slash else f"human-{number}",
                direct=direct or (bool(under and under.channel == sender.user)),
            ),
            quoted=None if is_slack else self._quoted(under, replying),
            answer=answer,
            trigger=f"trigger-{number}" if is_slash else "",
            files=tuple(files),
        )

    def pressed(
        self, action: str, value: str, on: Said, *, by: str | Sender, fields: Mapping[str, str] | None = None
    ) -> Pressed:
        """What a platform hands in when somebody presses a button, or sends a form (`fields`)."""
        sender = by if isinstance(by, Sender) else self.sender(by, on.transport)
        number = next(self._numbers)
        is_slack = on.transport == "slack"
        return Pressed(
            id=f"{on.transport}:pressed:{id(self)}:{number}",
            action=action,
            value=value,
            by=sender,
            at=Place(
                transport=on.transport,
                channel=on.channel,
                thread=on.thread if is_slack else "",
                message=on.message,
                direct=on.channel == sender.user,
            ),
            fields=dict(fields or {}),
            trigger=f"trigger-{number}" if is_slack else "",
            reply="" if is_slack or fields else f"reply-{number}",
        )

    def sender(self, name: str, on: str = "") -> Sender:
        """Somebody of the roster, as a platform names them."""
        person = self.team.person(name)
        assert person is not None, name
        transport = on or next(iter(person.ids))
        return Sender(
            transport=transport,
            user=person.ids[transport],
            name=name,
            username=f"user{person.ids[transport]}",
        )

    def _quoted(self, under: Said | None, replying: Place | None) -> Quoted | None:
        if replying:
            return self.transports["telegram"].written[replying.channel, replying.message]
        if under:
            return Quoted(
                message=under.message,
                text=under.title,
                author="Fenghuo",
                user=BOT["telegram"],
                at=self.clock(),
            )
        return None
