"""Who may see the board and the metrics: whoever holds BOARD_TOKEN, or this machine where no token is needed."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

log = logging.getLogger(__name__)

Page = Callable[[Request], Awaitable[Response]]

COOKIE = "fenghuo_board"
LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?", re.IGNORECASE)
"""How this machine is called in the header Host."""
PASSED_ON = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
"""What proxies add: a request that one passed on may come from anywhere."""
PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
"""Of every answer behind the gate: kept nowhere, and its address (which may hold the token) told to nobody."""
REFUSED = """<!doctype html>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>401</title>
<p>401: BOARD_TOKEN is needed. Open this address once with <code>?token=…</code>,
or send the header <code>Authorization: Bearer …</code></p>
<p><a href="?">I have just done that</a></p>
"""
"""The link is for whoever came from a chat: browsers keep a SameSite=Strict cookie back until the next click."""


class Gate:
    """The door to the pages that only the team may see.

    Args:
        token: BOARD_TOKEN; where it is set it is always asked for.
        is_public: the HTTP side can be reached from outside, so that without a token nobody comes in.
    """

    def __init__(self, token: str, *, is_public: bool) -> None:
        self._token = token.encode()
        self._cookie = hmac.new(self._token, COOKIE.encode(), hashlib.sha256).hexdigest().encode()
        self._is_public = is_public

    def around(self, page: Page) -> Page:
        """The page, for those who may see it."""

        async def guarded(request: Request) -> Response:
            answer = self._kept_out(request) or await page(request)
            answer.headers.update(PRIVATE)
            return answer

        return guarded

    def _kept_out(self, request: Request) -> Response | None:
        """What to answer instead of the page; None: come in."""
        given = request.query_params.get("token")
        if given is not None and self._opens(given.encode(errors="replace")):
            return self._remembered(request)
        if given is None and self._is_let_in(request):
            return None
        log.warning(
            "%s refused to %s: no valid BOARD_TOKEN",
            request.scope["path"],
            request.client and request.client.host,
        )
        return HTMLResponse(
            REFUSED,
            status_code=401,
            headers={
                "WWW-Authenticate": "Bearer",
                "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            },
        )

    def _is_let_in(self, request: Request) -> bool:
        if not self._token:
            # By name as well: a page elsewhere can make a browser ask this machine, but not under this machine's name.
            is_from_here = LOOPBACK.fullmatch(request.headers.get("Host", "")) is not None
            is_passed_on = any(each in request.headers for each in PASSED_ON)
            return not self._is_public and is_from_here and not is_passed_on
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        cookie = request.cookies.get(COOKIE, "").encode(errors="replace")
        # Starlette reads headers as Latin-1, whatever they hold.
        is_bearer = scheme.lower() == "bearer" and self._opens(bearer.strip().encode("latin-1"))
        return is_bearer or hmac.compare_digest(cookie, self._cookie)

    def _opens(self, given: bytes) -> bool:
        return bool(self._token) and hmac.compare_digest(given, self._token)

    def _remembered(self, request: Request) -> Response:
        """On to the address without the token, which must not stay in the address bar."""
        answer = RedirectResponse(request.scope["path"], status_code=303)
        answer.set_cookie(
            COOKIE,
            self._cookie.decode(),
            httponly=True,
            samesite="strict",
            secure=request.scope["scheme"] == "https",
        )
        return answer
