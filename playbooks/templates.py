"""Statement templates: text with named gaps.

A template is data from a file that anyone on the team may edit, and its values come from the
public. So a template may only name its slots and ask whether one is filled; everything else the
template language can do is refused when the file is read. The sandbox is the second fence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field, StringConstraints, model_validator

from playbooks.checking import FaultError, Strict, Text

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,  # a statement is plain text; each transport escapes when it renders the card
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals.clear()

_ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If)

Slot = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class SlotError(Exception):
    """Slots were left empty, so the text cannot be made; `missing` names them."""

    def __init__(self, template: str, missing: tuple[str, ...]) -> None:
        super().__init__(f"the template {template} needs a value for: {', '.join(missing)}")
        self.missing = missing


class Template(Strict):
    """A statement with gaps.

    Args:
        id: the file's stem, filled in when it is read.
        text: the Chinese text: `{{ slot }}` for a gap, `{% if slot %}...{% endif %}` for a part that needs one.
        text_en: the same in English; empty if there is none.
        required: slots that must be filled, for the text makes no sense without them.
        optional: slots that may be left out.
        audience: to whom it speaks; the checks know what may be said to whom.
        pre_approved: the house has agreed to the text beforehand; unchanged, one lead alone may let it go in an emergency.
    """

    id: str
    title: Text
    title_en: str = ""
    text: Text
    text_en: str = ""
    required: tuple[Slot, ...] = Field(min_length=1)
    optional: tuple[Slot, ...] = ()
    audience: Literal["public", "consumers", "staff", "partners"] = "public"
    pre_approved: bool = False

    @model_validator(mode="after")
    def _slots_agree(self) -> Self:
        for key, source in (("text", self.text), ("text_en", self.text_en)):
            used = _slots(key, source)
            if unknown := sorted(used - set(self.required) - set(self.optional)):
                hint = f"add it to required or optional, or use one of {', '.join(self.required + self.optional)}"
                raise FaultError(f'the slot "{unknown[0]}" is not declared', hint, (key,))
            if source and (unused := sorted(set(self.required) - used)):
                hint = f"write {{{{ {unused[0]} }}}} where it belongs, or take it out of required"
                raise FaultError(f'the required slot "{unused[0]}" does not occur', hint, (key,))
        return self

    def name(self, language: str) -> str:
        """The title in a room's language (`zh` or `en`), Chinese where there is no other."""
        return self.title_en if language == "en" and self.title_en else self.title


def render(template: Template, values: Mapping[str, str], language: str = "zh") -> str:
    """Fill a template in. Values are plain text and are never read as a template themselves.

    Args:
        template: a checked one, from `load`.
        values: what goes into each slot; further ones are ignored.
        language: `zh` or `en`; Chinese where the template has no English text.

    Raises:
        SlotError: a required slot has no value, or only blanks.
        TypeError: a value is not text; anything else could carry methods into the template.
    """
    for slot, value in values.items():
        if not isinstance(value, str):
            raise TypeError(f"the value of {slot} must be str, not {type(value).__name__}")
    missing = tuple(slot for slot in template.required if not values.get(slot, "").strip())
    if missing:
        raise SlotError(template.id, missing)
    source = template.text_en if language == "en" and template.text_en else template.text
    # str() drops subclasses, whose methods a template could otherwise reach
    given = {slot: str(values.get(slot, "")) for slot in (*template.required, *template.optional)}
    filled = _ENVIRONMENT.from_string(source).render(given)
    return re.sub(r"\n{3,}", "\n\n", filled).strip()


def _slots(key: str, source: str) -> set[str]:
    """The slots a text names. Raises FaultError for whatever goes beyond naming them."""
    try:
        tree = _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        hint = "write {{ slot }} with two braces on each side"
        raise FaultError(f"line {error.lineno} of the text: {error.message}", hint, (key,)) from error
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            what = type(node).__name__.lower()
            message = f"line {node.lineno} of the text does more than name a slot ({what})"
            raise FaultError(message, "only {{ slot }} and {% if slot %}...{% endif %} may be used", (key,))
    return {name.name for name in tree.find_all(nodes.Name)}
