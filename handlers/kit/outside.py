"""Links that people outside the house open."""

from __future__ import annotations

from handlers.kit.context import Context
from storage.models import Incident


def outside(ctx: Context, incident: Incident, *path: str) -> str:
    """The public address of a page; empty if PUBLIC_URL is not set, or for a drill, which nobody outside must meet."""
    base = str(ctx.settings.get("public_url", "")).rstrip("/")
    return "/".join((base, *path)) if base and incident.drill_id is None else ""
