"""What was said in public, as a review tells it: chapters in full, and a few lines for a phone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from handlers.kit.locale import Locale
from handlers.reading.channels import channel_name
from handlers.shared.desk import MARKS, Asked, coverage
from handlers.shared.entries import CHOICES, VERSIONS, describe
from handlers.shared.fact_card import SIGNS
from handlers.shared.markdown import flat, link, verbatim
from handlers.shared.statement_card import SHORT_HASH, STATES, VOID
from handlers.shared.voice import Text, Voice
from playbooks.checks import CHECKS
from storage.models import Commitment, Entry, Fact, Release, Vote
from storage.releases import STANDING
from storage.statements import OPEN

KEPT, LATE, BROKEN, OWED, DROPPED = "kept", "late", "broken", "owed", "dropped"


def chapters(say: Locale, voice: Voice) -> Mapping[str, Sequence[str]]:
    """Title -> lines of Markdown; a chapter without lines is left out by whoever lays them out."""
    return {
        say("What we said"): _texts(say, voice),
        say("Checks let pass"): list(_overrides(say, voice)),
        say("Facts"): [line for fact in voice.facts for line in _fact(say, voice, fact)],
        say("Where it went out"): list(_places(say, voice)),
        say("Promises"): [_promise(say, each) for each in voice.promises],
        say("What people asked"): _desk(say, voice.asked),
        say("Public form"): list(_survey(say, voice)),
    }


def _texts(say: Locale, voice: Voice) -> list[str]:
    lines: list[str] = []
    for text in voice.texts:
        version = text.version
        lines += [
            f"### v{version.number} · {say(VERSIONS[version.state])} · {version.hash[:SHORT_HASH]}",
            "",
            f"- {say('Written by {authors}', authors=say(', ').join(map(flat, version.authors)))}",
            f"- {_pace(say, text)}",
            *([f"- {_vote(say, vote)}" for vote in text.votes] or [f"- {say('no votes')}"]),
            *(f"- {say.seconds(each.at)} {flat(describe(say, each))}" for each in text.lapsed),
            "",
            verbatim(version.text),
            "",
            *(
                line
                for channel, words in sorted((version.variants or {}).items())
                for line in (f"{channel_name(channel)}{say(': ')}", "", verbatim(str(words)), "")
            ),
        ]
    return lines[:-1]


def _pace(say: Locale, text: Text) -> str:
    """From draft to approval, against the clock of the level."""
    drafted = say.seconds(text.version.created_at)
    if text.agreed_at is None or text.took is None:
        if text.version.state in OPEN:
            return say("Drafted {time}, not approved yet.", time=drafted)
        return say("Drafted {time}, never approved.", time=drafted)
    told = say(
        "Drafted {drafted}, approved {approved}: {took}, at this level {allowed} are allowed",
        drafted=drafted,
        approved=say.seconds(text.agreed_at),
        took=say.span(text.took),
        allowed=say.span(text.allowed),
    )
    if text.took > text.allowed:
        told += say(", {over} over", over=say.span(text.took - text.allowed))
    return told


def _vote(say: Locale, vote: Vote) -> str:
    parts = [f"{flat(vote.person)} {say(CHOICES[vote.choice])} {say.seconds(vote.at)}", flat(vote.reason)]
    if vote.fell:
        name = flat(vote.person)
        parts.append(
            say(VOID[vote.fell], name=name)
            if vote.fell in VOID
            else say("{name}'s approval fell: {fact} changed", name=name, fact=vote.fell)
        )
    return " · ".join(filter(None, parts))


def _overrides(say: Locale, voice: Voice) -> Iterator[str]:
    """Each way past the rules, with a name and a reason."""
    for text in voice.texts:
        if text.alone:
            yield (
                f"- v{text.version.number} · {say('released by one lead alone')} · {flat(text.alone.by)} "
                f"{say.seconds(text.alone.at)}{say(': ')}{flat(text.alone.text)}"
            )
    for version, each in voice.overrides:
        title = CHECKS[each.code].title(say.language) if each.code in CHECKS else ""
        yield (
            f"- v{version.number} · {each.code} {title} · {flat(each.by)} {say.seconds(each.at)}{say(': ')}{flat(each.reason)}"
        )


def _fact(say: Locale, voice: Voice, fact: Fact) -> Iterator[str]:
    source = say("source: {source}", source=link(fact.source) or flat(fact.source)) if fact.source else ""
    added = say("by {name} {time}", name=flat(fact.by), time=say.seconds(fact.at))
    yield f"- {SIGNS[fact.state]} F{fact.number} {flat(fact.claim)} · " + " · ".join(
        filter(None, (added, source))
    )
    for change in voice.changes.get(f"F{fact.number}", ()):
        state = say(STATES[change.kind.removeprefix("fact_")])
        told = f"{say.seconds(change.at)} {flat(change.by)}{say(': ')}{state}"
        yield "  - " + " · ".join(filter(None, (told, flat(change.text), _citing(say, change))))


def _citing(say: Locale, change: Entry) -> str:
    """The texts that said it at that moment, as they stood then."""
    cited = change.data.get("cited")
    if cited is None:
        return ""
    texts = [
        say("{fact} ({state})", fact=f"v{number}", state=say(VERSIONS[state]))
        for number, state in cited.items()
    ]
    return say("cited by {texts}", texts=say(", ").join(texts)) if texts else say("cited by no text")


def _places(say: Locale, voice: Voice) -> Iterator[str]:
    """Channel by channel, in the order in which they were first used."""
    channels: dict[str, list[Release]] = {}
    for each in voice.releases:
        channels.setdefault(each.channel, []).append(each)
    for channel, rows in channels.items():
        yield f"- {channel_name(channel)}"
        yield from (f"  - {_place(say, row)}" for row in rows)


def _place(say: Locale, row: Release) -> str:
    checked = ""
    if row.verified_at:
        values = {"name": flat(row.verified_by), "time": say.seconds(row.verified_at)}
        checked = (
            say("differed when {name} compared it {time}", **values)
            if row.differs
            else say("word for word when {name} compared it {time}", **values)
        )
    ends = ""
    if row.until:
        has_run_out = row.until <= say.now and row.state in STANDING
        ends = (
            say("ran out {time}", time=say.clock(row.until))
            if has_run_out
            else say("until {time}", time=say.clock(row.until))
        )
    states = {
        "live": say("still stands"),
        "recalled": say("taken back and still stands"),
        "down": say("is gone"),
        "replaced": say("was replaced"),
    }
    told = f"v{row.version} · {flat(row.by)} {say.seconds(row.at)} · {row.hash[:SHORT_HASH]}"
    compared = checked or say("never compared")
    return " · ".join(filter(None, (told, compared, ends, states[row.state], link(row.url))))


def fate(promise: Commitment, now: datetime) -> str:
    """What became of a promise: kept, kept late, broken, still owed, dropped."""
    if promise.state == "open":
        return BROKEN if promise.due_at <= now else OWED
    if promise.state == "dropped" or promise.settled_at is None:
        return DROPPED
    return KEPT if promise.settled_at <= promise.due_at else LATE


def _promise(say: Locale, promise: Commitment) -> str:
    words = {
        KEPT: say("kept"),
        LATE: say("kept late"),
        BROKEN: say("broken: its time is over"),
        OWED: say("not due yet"),
        DROPPED: say("dropped"),
    }
    parts = [
        f"- P{promise.number} {flat(promise.text)}",
        f"{flat(promise.owner)} {say('by {time}', time=say.seconds(promise.due_at))}",
        words[fate(promise, say.now)],
    ]
    if promise.settled_at:
        parts += [
            f"{flat(promise.settled_by)} {say.seconds(promise.settled_at)}",
            link(promise.proof) or flat(promise.proof),
        ]
    return " · ".join(filter(None, parts))


def _desk(say: Locale, found: Sequence[Asked]) -> list[str]:
    if not found:
        return []
    rows = [
        f"- {MARKS[each.row.state if each.row else 'open']} {f'Q{each.row.number} ' if each.row else ''}{flat(each.words(say))} ×{each.count}"
        + (
            " · "
            + say("given {posted} times, handed on {handed}", posted=each.row.posted, handed=each.row.handed)
            if each.row
            else ""
        )
        for each in found
    ]
    return [_answered(say, found), "", *rows]


def _answered(say: Locale, found: Sequence[Asked]) -> str:
    covered, people = coverage(found)
    ready = sum(each.row is not None and each.row.state == "approved" for each in found)
    told = say("Questions: {n}, answered {ready}", n=len(found), ready=ready)
    if people:
        told += say(
            "; of {people} comments that ask, {percent}% have an answer",
            people=say.count(people),
            percent=round(100 * covered / people),
        )
    return told


def _survey(say: Locale, voice: Voice) -> Iterator[str]:
    if voice.survey is None or voice.answers is None:
        return
    yield f"- {_figures(say, voice)}"
    time = say.seconds(voice.survey.closes_at)
    yield "- " + (
        say("Closed since {time}.", time=time)
        if voice.survey.closes_at <= say.now
        else say("Open until {time}.", time=time)
    )


def _figures(say: Locale, voice: Voice) -> str:
    count = voice.answers
    if count is None or not count.answers:
        return say("Public form: no answers")
    return say(
        "Public form: {n} answers, {mean} of 5, {percent}% solved",
        n=count.answers,
        mean=f"{count.mean:.1f}",
        percent=round(100 * count.solved / count.answers),
    )


def in_short(say: Locale, voice: Voice) -> tuple[str, ...]:
    """One line for each chapter that says something, the ones that ask for something first."""
    lines = (
        _short_places(say, voice),
        _short_promises(say, voice),
        _short_texts(say, voice),
        _short_overrides(say, voice),
        _short_facts(say, voice),
        _answered(say, voice.asked) if voice.asked else "",
        _figures(say, voice) if voice.survey else "",
    )
    return tuple(filter(None, lines))


def is_owing(voice: Voice, now: datetime) -> bool:
    """Tell whether the public still reads what was taken back or differs, or was promised what was not kept."""
    wrong = any(
        each.state in STANDING and (each.state == "recalled" or each.differs) for each in voice.releases
    )
    return wrong or any(fate(each, now) == BROKEN for each in voice.promises)


def _short_texts(say: Locale, voice: Voice) -> str:
    taken = [text for text in voice.texts if text.took is not None]
    if not voice.texts:
        return ""
    told = say("Texts: {n}, approved {approved}", n=len(voice.texts), approved=len(taken))
    if not taken:
        return told
    slowest = max(taken, key=lambda text: text.took or text.allowed)
    return told + say(
        "; slowest v{version}: {took}, allowed {allowed}",
        version=slowest.version.number,
        took=say.span(slowest.took or slowest.allowed),
        allowed=say.span(slowest.allowed),
    )


def _short_overrides(say: Locale, voice: Voice) -> str:
    passed = [f"{each.code} ({each.by})" for _, each in voice.overrides]
    passed += [
        say("v{version} released alone ({name})", version=text.version.number, name=text.alone.by)
        for text in voice.texts
        if text.alone
    ]
    return say("🔓 Let pass: {names}", names=say(", ").join(passed)) if passed else ""


def _short_facts(say: Locale, voice: Voice) -> str:
    false = [f"F{each.number}" for each in voice.facts if each.state == "false"]
    if not voice.facts:
        return ""
    told = say("Facts: {n}", n=len(voice.facts))
    return told + say(", false: {names}", names=" ".join(false)) if false else told


def _short_places(say: Locale, voice: Voice) -> str:
    if not voice.releases:
        return ""
    still = [each for each in voice.releases if each.state in STANDING]
    told = say("Out in {n} places, still in {still}", n=len(voice.releases), still=len(still))
    back = [channel_name(each.channel) for each in still if each.state == "recalled"]
    other = [channel_name(each.channel) for each in still if each.differs]
    if back:
        told += say("; ⚠️ taken back and still there: {names}", names=say(", ").join(back))
    if other:
        told += say("; ⚠️ differs: {names}", names=say(", ").join(other))
    return told


def _short_promises(say: Locale, voice: Voice) -> str:
    fates = [fate(each, say.now) for each in voice.promises]
    if not fates:
        return ""
    told = say(
        "Promises: {kept} kept, {open} open",
        kept=fates.count(KEPT) + fates.count(LATE),
        open=fates.count(OWED),
    )
    broken = [
        f"P{each.number}" for each, became in zip(voice.promises, fates, strict=True) if became == BROKEN
    ]
    return told + say("; ⚠️ broken: {names}", names=" ".join(broken)) if broken else told
