"""Accounts: somebody is one person on every platform. A code from an account that is known joins one that is not."""

from __future__ import annotations

from handlers.kit.cards import Card, Section, Tone
from handlers.kit.context import Context, Post
from handlers.kit.errors import ConflictError, NotAllowedError
from handlers.kit.locale import Locale
from handlers.kit.messages import Place, Pressed, Sender, Typed
from handlers.kit.registry import command
from handlers.kit.team import Right
from handlers.reading.arguments import Wording
from storage import links, people
from storage.models import LinkCode

OFF = {"off", "解除"}
LIST = {"list", "列表"}


@command(
    "link",
    area="look",
    right=Right.ANYONE,
    help="Be one person on both platforms: get a code, or say it",
    usage="link · link CODE · link off|list",
    example="link K7QF-9MXT",
    aliases=("关联", "绑定"),
)
async def link(ctx: Context, code: Wording | None = None) -> None:
    """Give a code, take one, part again, or list who is joined."""
    if code is None:
        await _give(ctx)
    elif code.casefold() in OFF:
        await _off(ctx)
    elif code.casefold() in LIST:
        await _list(ctx)
    else:
        await _say(ctx, code)


async def _give(ctx: Context) -> None:
    by = _sender(ctx)
    if ctx.team.person(ctx.by.name) is None:
        raise NotAllowedError(
            ctx.say("You are not on this team's list."),
            hint=ctx.say("Say link where the bot knows you, and then here: link CODE"),
        )
    if not ctx.is_private:
        raise ConflictError(
            ctx.say("Others read along here, and a code is secret."),
            hint=ctx.say("Say link to me in a private chat."),
        )
    code = await links.issue(ctx.session, ctx.by.name, by.transport, by.user, ctx.now)
    until = ctx.now + links.LIFE

    def build(say: Locale) -> Card:
        return Card(
            title=say("Your code: {code}", code=code),
            text=say(
                "Say this to me on the other platform: link {code}. It counts once, until {time}. Show it to nobody: whoever says it is taken for you.",
                code=code,
                time=say.clock(until),
            ),
        )

    ctx.whisper(build, secret=True)


async def _say(ctx: Context, said: str) -> None:
    by = _sender(ctx)
    if until := await links.waits_until(ctx.session, by.transport, by.user, ctx.now):
        raise ConflictError(
            ctx.say("Too many wrong codes."),
            hint=ctx.say("Try again after {time}.", time=ctx.say.clock(until)),
        )
    known = ctx.team.with_id(by.transport, by.user)
    if known is not None:
        raise ConflictError(
            ctx.say("This account is {name}'s already.", name=known.name),
            hint=ctx.say("To part the accounts that were joined: link off"),
        )
    code = await links.find(ctx.session, said, ctx.now)
    if code is None:
        await links.missed(ctx.session, by.transport, by.user, ctx.now)
        # Not an error: what an error is raised in is undone, and the guess must count.
        ctx.whisper(
            lambda say: Card(
                title=say("This code does not count."),
                text=say("It may be mistyped, used or older than ten minutes. A new one: link"),
                tone=Tone.WARN,
            )
        )
        return
    await _join(ctx, code, by)


async def _join(ctx: Context, code: LinkCode, by: Sender) -> None:
    person = ctx.team.person(code.person)
    if person is None or by.transport in person.ids:
        raise ConflictError(
            ctx.say("{name} has an account on {platform} already.", name=code.person, platform=by.transport),
            hint=ctx.say("To part the accounts that were joined: link off"),
        )
    if not await links.use(ctx.session, code, ctx.now) or not await links.join(
        ctx.session, person.name, by.transport, by.user, ctx.now
    ):
        raise ConflictError(
            ctx.say("Somebody was faster with this code."), hint=ctx.say("Get a new one: link")
        )
    await people.meet(ctx.session, by.transport, by.user, by.name, by.username)
    ctx.whisper(
        lambda say: Card(
            title=say("You are {name} here, too.", name=person.name),
            text=say("To part the accounts again: link off"),
            tone=Tone.GOOD,
        )
    )
    account, platform = f"{by.name or by.username} {by.user}".strip(), by.transport
    ctx.out.append(
        Post(
            build=lambda say: Card(
                title=say("{account} on {platform} is you from now on.", account=account, platform=platform),
                text=say("If that was not you: link off, and tell a lead."),
                tone=Tone.WARN,
            ),
            place=Place(transport=code.transport, channel=code.user, direct=True),
            rank=0,
        )
    )


async def _off(ctx: Context) -> None:
    if not await links.leave(ctx.session, ctx.by.name):
        raise ConflictError(
            ctx.say("No account was joined to yours."), hint=ctx.say("To join one, get a code: link")
        )
    ctx.whisper(lambda say: Card(title=say("Your accounts are parted."), tone=Tone.GOOD))


async def _list(ctx: Context) -> None:
    ctx.require(Right.LEAD)
    joined = await links.every(ctx.session)
    lines = tuple(f"{name} · {transport} {user}" for (transport, user), name in sorted(joined.items()))
    ctx.whisper(
        lambda say: Card(title=say("Joined accounts: {n}", n=len(lines)), sections=(Section(lines=lines),))
    )


def _sender(ctx: Context) -> Sender:
    assert isinstance(ctx.happening, Typed | Pressed)
    return ctx.happening.by
