"""What is read from: the words behind a verb, a tap's value, a form's answer."""

from __future__ import annotations

HIGHEST = 999_999_999
"""Higher numbers are nobody's; they would overflow the database's integers."""


def number_in(digits: str) -> int:
    """The number that digits make; one that is too long becomes the highest that there can be, which nothing has."""
    return min(int(digits.lstrip("0")[:10] or "0"), HIGHEST)


class Words:
    """Words that are taken off one by one; `rest` keeps line breaks and spacing as typed.

    Args:
        is_answer: all of it answers one question of a form.
    """

    def __init__(self, text: str, *, is_answer: bool = False) -> None:
        self.left = text.strip()
        self.is_answer = is_answer
        self.took_number = False
        """An incident's number was among the words,"""
        self.took_own = False
        """and it may as well have been the next argument, since the place has an incident."""

    @property
    def first(self) -> str:
        """The next word, not taken."""
        return self.left.split(maxsplit=1)[0] if self.left else ""

    def take(self) -> str:
        """Take the next word."""
        word, *rest = self.left.split(maxsplit=1)
        self.left = rest[0] if rest else ""
        return word

    def skip(self, length: int) -> str:
        """Take so many characters."""
        taken, self.left = self.left[:length].strip(), self.left[length:].strip()
        return taken

    def rest(self) -> str:
        """Take all that is left."""
        text, self.left = self.left.strip(), ""
        return text
