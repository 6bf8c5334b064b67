"""Texts in two languages, as people write them into the files: Chinese, and English beside it."""

from __future__ import annotations

import re
from typing import Any, Self

from pydantic import model_validator

from playbooks.checking import FaultError, Strict, Text

Texts = tuple[Text, ...]


class Bilingual(Strict):
    """A part of a file in which `x_en` is the English of `x`."""

    @model_validator(mode="after")
    def _english_of_something(self) -> Self:
        for name in type(self).model_fields:
            if name.endswith("_en") and getattr(self, name) and not getattr(self, name.removesuffix("_en")):
                raise FaultError(
                    f'there is no "{name.removesuffix("_en")}" beside it',
                    "write the Chinese text too",
                    at=(name,),
                )
        return self

    def said(self, name: str, language: str) -> str:
        """The text `name` in a room's language (`zh` or `en`), empty if it has none there."""
        return str(getattr(self, f"{name}_en" if language == "en" else name))


class Headed(Bilingual):
    """An item that may be written as a bare text if it is no more than that: its first key."""

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, given: Any) -> Any:
        return {next(iter(cls.model_fields)): given} if isinstance(given, str) else given


class Line(Strict):
    """One text of a list: `中文`, or `中文: English`."""

    zh: Text
    en: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_pair(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"zh": given}
        if isinstance(given, dict) and len(given) == 1:
            zh, en = next(iter(given.items()))
            if isinstance(en, str):
                if re.search(r"[\u4e00-\u9fff]", en):
                    raise FaultError(
                        "behind the colon stands Chinese, where English belongs",
                        "write the Chinese colon ：, or quote the line",
                    )
                return {"zh": zh, "en": en}
        raise FaultError("must be one text", 'write "- 中文" or "- 中文: English"')

    def text(self, language: str) -> str:
        """The text in a room's language (`zh` or `en`), empty if it has none there."""
        return self.en if language == "en" else self.zh


Lines = tuple[Line, ...]
