"""What arrived, as JSON for the inbox and back."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from handlers.kit.messages import Attached, Place, Pressed, Quoted, Sender, Typed


def to_json(event: Typed | Pressed) -> dict[str, Any]:
    """An event as JSON-able data. Triggers are left out: they are dead within seconds."""
    data = dataclasses.asdict(event)
    data["type"] = "typed" if isinstance(event, Typed) else "pressed"
    data["trigger"] = ""
    if data.get("quoted") and data["quoted"]["at"]:
        data["quoted"]["at"] = data["quoted"]["at"].isoformat()
    return data


def from_json(data: dict[str, Any]) -> Typed | Pressed:
    """The event that `to_json` stored."""
    fields = {key: value for key, value in data.items() if key != "type"}
    fields["by"], fields["at"] = Sender(**data["by"]), Place(**data["at"])
    if data["type"] == "pressed":
        return Pressed(**fields)
    fields["files"] = _files(data)
    if quoted := data["quoted"]:
        moment = datetime.fromisoformat(quoted["at"]) if quoted["at"] else None
        fields["quoted"] = Quoted(**{**quoted, "at": moment, "files": _files(quoted)})
    return Typed(**fields)


def _files(data: dict[str, Any]) -> tuple[Attached, ...]:
    # What an older version stored has none.
    return tuple(Attached(**each) for each in data.get("files", ()))
