"""What is filled into the gaps of a template: what an incident is known to be, in words for outside the house."""

from __future__ import annotations

from handlers.kit.cards import cut
from handlers.kit.context import Context
from handlers.kit.locale import Locale
from playbooks.levels import Level
from storage import facts
from storage.models import Incident


async def slots(ctx: Context, incident: Incident) -> dict[str, str]:
    """The values by slot, in the team's language."""
    known = await facts.of(ctx.session, incident.id or 0)
    rules = ctx.library.levels[Level(incident.level)]
    say = Locale(language=ctx.team.language, zone=ctx.team.zone, now=ctx.now)
    return {
        "brand": ctx.team.brand,
        "topic": _topic(ctx, incident, say),
        "confirmed": "\n".join(each.claim for each in known if each.state == "confirmed"),
        "opened_at": say.clock(incident.opened_at),
        "next_update_at": say.clock(ctx.now + rules.update_every),
        "contact": str(ctx.settings.get("contact") or say("our official customer service")),
    }


def _topic(ctx: Context, incident: Incident, say: Locale) -> str:
    """What it is about, in words for the public. An alarm's title is somebody's complaint: quoted, it would be spread."""
    playbook = ctx.library.playbooks.get(incident.playbook or incident.type)
    if incident.opened_by or playbook is None:
        return cut(incident.title).removesuffix("…")
    return say("reports about {kind}", kind=playbook.name(say.language))
