"""Pages for people outside: a partner confirms a notice, customers say how it went.

Whoever holds a link may use it; its token is the secret, so nothing else is asked for and no cookie is set. Pages name the
brand and nothing of the incident. Who answered is not stored: addresses are counted in memory for a few minutes only, and for
each link by itself. A proxy on another machine is one address for all who come through it, so what one link has to bear locks
nobody out of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from bot.clock import Clock
from bot.transports.text import plain
from bot.web.drawing import TEMPLATES, page
from bot.web.gate import PRIVATE, Page
from handlers.kit.cards import cut
from handlers.kit.context import Scrub
from handlers.kit.locale import Locale, Texts
from handlers.kit.team import Team
from storage import deadlines, notices, partners, surveys
from storage.database import Database, Session
from storage.models import Opinion, PartnerNotice, Survey

LARGEST_FORM = 16 * 1024
"""Bytes; the longest answer takes about 2,000."""
LONGEST_NAME = 40
LONGEST_WORDS = 200
SCORES = ("1", "2", "3", "4", "5")
SOLVED = ("yes", "no")
LOOKS, MISSES, LOOKS_IN = 600, 60, timedelta(minutes=1)
"""How often one address may ask for one link, whatever comes of it, and for links that there are not."""
ANSWERS, ALL_ANSWERS, ANSWERS_IN = 60, 300, timedelta(minutes=10)
"""How many answers one survey takes from one address, be it a shop's or a proxy's, and from all."""
REFUSALS: Texts = {
    "unknown": "There is nothing here. The address may be mistyped.",
    "confirmed": "This notice has been confirmed already. Thank you.",
    "replaced": "A later notice has replaced this one. Please confirm that one.",
    "closed": "This form is closed. Thank you.",
    "often": "Too many requests. Please try again in a few minutes.",
}
STATUS = {"unknown": 404, "often": 429}
"""What each refusal is answered with; 410 (gone) otherwise."""


class RefusedError(Exception):
    """There is no page to show; `why` is a key of `REFUSALS`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page says. `form`: `notice` or `survey`, if it has one; `problem`: why what was sent was not taken."""

    heading: str
    text: str = ""
    form: str = ""
    problem: str = ""


class Throttle:
    """Counts by name, and forgets all counts when the next stretch of time begins."""

    def __init__(self, most: int, span: timedelta, clock: Clock) -> None:
        self.most = most
        self.span = span
        self.clock = clock
        self._stretch = 0
        self._counts: Counter[tuple[str, ...]] = Counter()

    def allows(self, *name: str) -> bool:
        """Count one more; False if it is one too many."""
        stretch = int(self.clock().timestamp() // self.span.total_seconds())
        if stretch != self._stretch:
            self._stretch, self._counts = stretch, Counter()
        self._counts[name] += 1
        return self._counts[name] <= self.most


class Pages:
    """The pages behind links with a token.

    Args:
        scrub: takes personal data out of what people write.
        ring: called when there is something to say in the chat.
    """

    def __init__(
        self, *, database: Database, team: Team, clock: Clock, scrub: Scrub, ring: Callable[[], None]
    ) -> None:
        self.database = database
        self.team = team
        self.clock = clock
        self.scrub = scrub
        self._ring = ring
        self._looks = Throttle(LOOKS, LOOKS_IN, clock)
        self._misses = Throttle(MISSES, LOOKS_IN, clock)
        self._answers = Throttle(ANSWERS, ANSWERS_IN, clock)
        self._all_answers = Throttle(ALL_ANSWERS, ANSWERS_IN, clock)

    def around(self, look: Page) -> Page:
        """The page, or why there is none; kept nowhere, and its address told to nobody."""

        async def guarded(request: Request) -> Response:
            try:
                answer = await look(request)
            except RefusedError as refused:
                answer = self._refusal(refused.why)
            answer.headers.update(PRIVATE)
            return answer

        return guarded

    async def notice(self, request: Request) -> Response:
        """`GET /ack/{token}`: asks to confirm. Opening it confirms nothing, for chats fetch links by themselves."""
        async with self.database.read() as session:
            await self._notice(session, request)
        say = self._say()
        return self._page(
            Shown(
                heading=say("Please confirm that you have read this notice"),
                text=say("It reached you by the way this link did. One tap tells us that it arrived."),
                form="notice",
            )
        )

    async def confirm(self, request: Request, body: bytes) -> Response:
        """`POST /ack/{token}`: the notice was read."""
        name = cut(self._clean(_given(body).get("name", "")), LONGEST_NAME)
        now = self.clock()
        async with self.database.write() as session:
            row = await self._notice(session, request)
            if not await partners.confirm(session, row, now, name=name):
                raise RefusedError("confirmed")
            await deadlines.drop(session, row.incident_id, "partner", ref=str(row.number))
            await notices.put(
                session,
                "partner.confirmed",
                now,
                incident_id=row.incident_id,
                drill_id=row.drill_id,
                data={"notice": row.id},
            )
        self._ring()
        say = self._say()
        return self._page(
            Shown(heading=say("Thank you"), text=say("We have noted that you read the notice."))
        )

    async def survey(self, request: Request) -> Response:
        """`GET /feedback/{token}`: the three questions."""
        async with self.database.read() as session:
            await self._survey(session, request)
        return self._questions()

    async def answer(self, request: Request, body: bytes) -> Response:
        """`POST /feedback/{token}`: one answer."""
        given = _given(body)
        score, solved, text = given.get("score", ""), given.get("solved", ""), given.get("text", "")
        say, now = self._say(), self.clock()
        async with self.database.read() as session:
            row = await self._survey(session, request)
        if score not in SCORES or solved not in SOLVED:
            return self._questions(say("Please answer the first two questions."))
        if len(text) > LONGEST_WORDS:
            return self._questions(say("At most {most} characters, please.", most=LONGEST_WORDS))
        kept = self._clean(text)
        if not (self._answers.allows(_address(request), row.token) and self._all_answers.allows(row.token)):
            raise RefusedError("often")
        async with self.database.write() as session:
            opinion = Opinion(
                survey_id=row.id or 0, score=int(score), solved=solved == "yes", text=kept, at=now
            )
            await surveys.answer(session, opinion)
            await notices.put(
                session, "survey.answered", now, incident_id=row.incident_id, drill_id=row.drill_id
            )
        self._ring()
        return self._page(Shown(heading=say("Thank you"), text=say("Your answer has reached us.")))

    async def _notice(self, session: Session, request: Request) -> PartnerNotice:
        row = await partners.with_token(session, request.path_params["token"])
        self._count(request, row.token if row else None)
        if row is None:
            raise RefusedError("unknown")
        if row.replaced or row.confirmed_at is not None:
            raise RefusedError("replaced" if row.replaced else "confirmed")
        return row

    async def _survey(self, session: Session, request: Request) -> Survey:
        row = await surveys.with_token(session, request.path_params["token"])
        self._count(request, row.token if row else None)
        if row is None:
            raise RefusedError("unknown")
        if row.closes_at <= self.clock():
            raise RefusedError("closed")
        return row

    def _count(self, request: Request, link: str | None) -> None:
        """Raises RefusedError if somebody asks too often for this link, or for links that there are not (`link`: None)."""
        address = _address(request)
        if not (self._looks.allows(address, link) if link else self._misses.allows(address)):
            raise RefusedError("often")

    def _questions(self, problem: str = "") -> Response:
        say = self._say()
        shown = Shown(
            heading=say("How did we do?"),
            text=say("Three short questions. Please leave out names and telephone numbers."),
            form="survey",
            problem=problem,
        )
        return self._page(shown, status=400 if problem else 200)

    def _refusal(self, why: str) -> Response:
        return self._page(Shown(heading=self._say()(REFUSALS[why])), status=STATUS.get(why, 410))

    def _page(self, shown: Shown, *, status: int = 200) -> Response:
        say = self._say()

        def draw(nonce: str) -> str:
            return TEMPLATES.get_template("page.html").render(
                language="en" if say.language == "en" else "zh-CN",
                nonce=nonce,
                brand=self.team.brand,
                shown=shown,
                most_name=LONGEST_NAME,
                most_words=LONGEST_WORDS,
                scores=SCORES,
                words=_words(say),
            )

        return page(draw, status=status, has_form=bool(shown.form))

    def _say(self) -> Locale:
        return Locale(language=self.team.language, zone=self.team.zone, now=self.clock())

    def _clean(self, text: str) -> str:
        return self.scrub(plain(text).strip())[0]


def _words(say: Locale) -> Mapping[str, str]:
    """The labels of both forms."""
    return {
        "name": say("Your name, if you like"),
        "confirm": say("I have read it"),
        "score": say("How satisfied are you with the way it was handled?"),
        "worst": say("not at all"),
        "best": say("very"),
        "solved": say("Is your problem solved?"),
        "yes": say("Yes"),
        "no": say("No"),
        "text": say("Anything else, in a sentence (optional)"),
        "send": say("Send"),
    }


def _given(body: bytes) -> dict[str, str]:
    """The fields of a form, each once; what is no form has none."""
    try:
        found = parse_qs(body.decode(), max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0].replace("\r\n", "\n").strip() for name, values in found.items()}


def _address(request: Request) -> str:
    """What is counted as one address: of IPv6 the first half, since one household has all of the second."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(int(address) >> 64) if isinstance(address, IPv6Address) else host
