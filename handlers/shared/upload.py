"""A statement's text that is sent as a file: which files are taken, and having one read once all is committed.

A file may take a while to come, so the version that it is meant to replace is kept with it: what was written meanwhile is never
overwritten unseen.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from handlers.kit.cards import Card, cut
from handlers.kit.context import Context, Fetch
from handlers.kit.errors import UserError
from handlers.kit.messages import Attached, Typed
from handlers.shared.evidence import files_of
from storage.models import Incident, Version

ENDINGS = (".txt", ".text", ".md", ".markdown")
KINDS = ("text/plain", "text/markdown")
"""Kinds of files that come without an ending: what Slack makes of a long text that is pasted."""
LARGEST = 200_000
"""Bytes; more than the longest statement takes in any encoding that is read."""


def text_file(ctx: Context, incident: Incident, words: str) -> Attached | None:
    """The text file that somebody sent in place of words; None if they sent none.

    Raises:
        UserError: both words and such a file came, or several, or one that is not read as a text.
    """
    files = files_of(ctx)
    texts = [each for each in files if _is_text(each)]
    own = {each.id for each in ctx.happening.files} if isinstance(ctx.happening, Typed) else set()
    if words:
        if both := next((each for each in texts if each.id in own), None):
            raise UserError(
                ctx.say("Is the text in the message or in {file}?", file=cut(both.name)),
                hint=ctx.say("Send the file with nothing but: edit {number}", number=incident.id),
            )
        return None
    if len(texts) > 1:
        names = ctx.say(", ").join(cut(each.name) for each in texts)
        raise UserError(
            ctx.say("A version has one text, and these are {n} files: {names}", n=len(texts), names=names),
            hint=ctx.say("Send the one that counts."),
        )
    if not texts and own:
        raise UserError(
            ctx.say("{file} is not read as a text.", file=cut(files[0].name)), hint=way_out(ctx, incident)
        )
    if texts and texts[0].size > LARGEST:
        raise too_large(ctx, incident, texts[0].name)
    return next(iter(texts), None)


def _is_text(file: Attached) -> bool:
    ending = PurePosixPath(file.name).suffix.lower()
    return ending in ENDINGS or (not ending and file.mime.partition(";")[0].lower() in KINDS)


def have_read(
    ctx: Context, incident: Incident, file: Attached, older: Sequence[Version], template: str
) -> None:
    """Have a file read; the notice `text.had` puts it forward. `older`: the versions so far, in order."""
    if ctx.at is None:
        return
    about: dict[str, str | int] = {"version": older[-1].number if older else 0, "template": template}
    ctx.out.append(Fetch(file=file, incident=incident, place=ctx.at, by=ctx.by.name, text_for=about))
    ctx.whisper(
        lambda say: Card(
            title=say("{file} is being read.", file=cut(file.name)),
            text=say("What it changes and the new version follow in the incident's thread."),
        ),
        incident,
    )


def too_large(ctx: Context, incident: Incident, name: str) -> UserError:
    """The file cannot be a statement."""
    return UserError(
        ctx.say("{file} is larger than {most} KB.", file=cut(name), most=LARGEST // 1000),
        hint=way_out(ctx, incident),
    )


def way_out(ctx: Context, incident: Incident) -> str:
    """How a text gets in after all."""
    return ctx.say(
        "Save it as plain text (.txt, UTF-8) and send that, or paste the text: edit {number} TEXT",
        number=incident.id,
    )
