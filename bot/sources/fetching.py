"""Fetch something over HTTP without waiting for ever: while one source is read, no other is."""

from __future__ import annotations

from http.client import HTTPException, HTTPResponse
from time import monotonic
from urllib.request import OpenerDirector, Request, build_opener

BLOCK = 1 << 16

_opener = build_opener()


def fetch(
    request: Request, *, seconds: float, largest: int, opener: OpenerDirector = _opener
) -> tuple[bytes, HTTPResponse]:
    """Ask, and read the answer.

    Args:
        request: to an http or https address.
        seconds: for each step, and for all of the answer together.
        largest: bytes; of a longer answer only the beginning is read, one byte more than this.
        opener: how to ask, if not as usual.

    Raises:
        OSError: there was no (whole) answer in time. HTTPError, which is one, is the caller's to word.
    """
    end = monotonic() + seconds
    body = bytearray()
    try:
        with opener.open(request, timeout=seconds) as answer:
            while len(body) <= largest and (block := answer.read1(min(BLOCK, largest + 1 - len(body)))):
                body += block
                if monotonic() > end:
                    raise TimeoutError("the answer does not come to its end")
            if answer.length:
                raise OSError("the answer ends before its end")
            return bytes(body), answer
    except (HTTPException, ValueError) as error:
        raise OSError(f"what comes back is not HTTP ({type(error).__name__})") from error
