"""What is filled into the gaps of a template: what an incident is known to be, in words for outside the house."""

from __future__ import annotations

from handlers.kit.cards import cut
from handlers.kit.context import Context
from handlers.kit.locale import Locale
from handlers.shared.house import house_of
from playbooks.levels import Level
from playbooks.templates import Template
from storage.house import PILLARS, ROOF
from storage.models import Incident


async def slots(ctx: Context, incident: Incident, template: Template) -> dict[str, str]:
    """The values by slot, in the team's language.

    A text that was approved beforehand takes only words that were: no title that somebody typed in a hurry.
    """
    house = await house_of(ctx, incident)
    lines = {each.place: each.text for each in house.sayable}
    rules = ctx.library.levels[Level(incident.level)]
    say = Locale(language=ctx.team.language, zone=ctx.team.zone, now=ctx.now)
    is_typed = bool(incident.opened_by) and not template.pre_approved
    return {
        "brand": ctx.team.brand,
        "topic": cut(incident.title).removesuffix("…") if is_typed else _topic(ctx, incident, say),
        "confirmed": "\n".join(each.claim for each in house.table if each.state == "confirmed"),
        "roof": lines.get(ROOF, ""),
        "pillars": "\n".join(lines[place] for place in PILLARS if place in lines),
        "opened_at": say.clock(incident.opened_at),
        "next_update_at": say.clock(ctx.now + rules.update_every),
        "contact": str(ctx.settings.get("contact") or say("our official customer service")),
    }


def _topic(ctx: Context, incident: Incident, say: Locale) -> str:
    """What it is about, in the playbook's words for the public. An alarm's title is somebody's complaint: quoted, it would be spread."""
    playbook = ctx.library.playbooks.get(incident.playbook or incident.type)
    said = playbook.statement.said("topic", say.language) if playbook else ""
    return said or say("what users told us")
