"""Write a playbook down again, as plain data, as YAML or as a Markdown checklist (see `markdown`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import yaml
from pydantic import BaseModel

from playbooks.checking import spelled
from playbooks.markdown import written
from playbooks.schema import Playbook
from playbooks.texts import Line

WIDTH = 110
"""Columns of a line of YAML."""


def as_yaml(playbook: Playbook) -> str:
    """The playbook as its file says it, without remarks; `id` first, so that it may be saved under any name at first."""
    return yaml.safe_dump(bare(playbook), allow_unicode=True, sort_keys=False, width=WIDTH)


def as_markdown(playbook: Playbook) -> str:
    """The playbook as a checklist to print, send, or work through where there is no bot; it can be read back."""
    return written(bare(playbook))


def bare(value: Any) -> Any:
    """A part of a file as plain data: what was left out stays out."""
    if isinstance(value, Line):
        return {value.zh: value.en} if value.en else value.zh
    if isinstance(value, BaseModel):
        return {
            name: bare(getattr(value, name))
            for name, field in type(value).model_fields.items()
            if field.is_required() or getattr(value, name) != field.get_default(call_default_factory=True)
        }
    if isinstance(value, Mapping):
        return {str(key): bare(each) for key, each in value.items()}
    if isinstance(value, tuple):
        return [bare(each) for each in value]
    if isinstance(value, timedelta):
        return spelled(value)
    return value if isinstance(value, (int, date)) else str(value)
