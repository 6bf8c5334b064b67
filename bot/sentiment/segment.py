"""Cut Chinese text into words with jieba, keeping brand and product names whole."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

_EMPTY_WORDS = frozenset(
    re.findall(
        r"\w+",
        "一个 一下 一直 一样 一些 一点 一次 一种 这个 那个 这么 那么 这样 那样 这种 那种 这里 那里 这些 那些 这次 就是 还是 "
        "不是 但是 可是 因为 所以 如果 而且 或者 然后 已经 可以 没有 什么 怎么 为什么 怎么样 多少 哪里 我们 你们 他们 她们 "
        "自己 大家 别人 人家 时候 现在 今天 昨天 明天 以后 之后 之前 以前 后来 最后 感觉 觉得 知道 真的 真是 特别 非常 比较 "
        "有点 出来 起来 下来 上去 进去 东西 事情 问题 一定 应该 需要 希望 不要 不能 不会 不用 只有 只是 还有 其他 其实 结果 居然 竟然",
    )
)
"""Words that tell nothing about a topic."""


class Segmenter:
    """Words and keywords of a text.

    Args:
        words: names of brands and products. They are cut out before jieba sees the text, since jieba breaks names
            that hold blanks or dots and may prefer a word that overlaps the name.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._names = name_pattern(words)

    def words(self, text: str) -> list[str]:
        """Cut a text into words, punctuation and blanks included: joined, they are the text."""
        return list(self.cut(text))

    def cut(self, text: str) -> Iterator[str]:
        """Yield the words one by one."""
        if self._names is None:
            yield from _tokenizer().cut(text)
            return
        for position, part in enumerate(self._names.split(text)):
            if position % 2:
                yield part
            elif part:
                yield from _tokenizer().cut(part)

    def spans(self, text: str) -> set[tuple[int, int]]:
        """Tell from where to where each word reaches."""
        found: set[tuple[int, int]] = set()
        start = 0
        for word in self.cut(text):
            found.add((start, start + len(word)))
            start += len(word)
        return found

    def keywords(self, text: str, count: int = 5, cut: Sequence[str] = ()) -> list[str]:
        """Pick the words that set a text apart (jieba's TF-IDF), the strongest first. `cut`: the text's words, if known."""
        extractor = copy(_extractor())
        extractor.tokenizer = _Cut(cut) if cut else self
        words = extractor.extract_tags(text, topK=None)
        return [word for word in words if any(char.isalpha() for char in word)][:count]


def dictionary() -> dict[str, str]:
    """The words that jieba knows, each with its part of speech."""
    with _jieba().get_dict_file() as file:
        lines = file.read().decode("utf-8").splitlines()
    return {word: part for word, _, part in map(str.split, lines)}


class _Cut:
    """Passes for a tokenizer where the work is done."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def cut(self, _text: str) -> Sequence[str]:
        return self._words


def name_pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    """Match any of the names, the longest first and in any case; Latin names only as words of their own."""
    names = sorted({word.strip() for word in words if word.strip()}, key=len, reverse=True)
    if not names:
        return None
    return re.compile(f"({'|'.join(map(_whole, names))})", re.IGNORECASE)


def _whole(name: str) -> str:
    before = r"(?<![a-zA-Z0-9])" if name[0].isascii() else ""
    after = r"(?![a-zA-Z0-9])" if name[-1].isascii() else ""
    return f"{before}{re.escape(name)}{after}"


@cache
def _tokenizer() -> Any:
    """Load jieba's dictionary: 0.8 s the first time on a machine, 0.4 s from its cache after."""
    tokenizer = _jieba().Tokenizer()
    tokenizer.tmp_dir = str(_cache_folder())
    tokenizer.initialize()
    return tokenizer


@cache
def _extractor() -> Any:
    _jieba()
    with warnings.catch_warnings():
        # jieba leaves its file of frequencies for the garbage collector to close.
        warnings.simplefilter("ignore", ResourceWarning)
        from jieba.analyse import TFIDF  # late, as jieba itself

        extractor = TFIDF()
    extractor.stop_words = extractor.stop_words | _EMPTY_WORDS
    return extractor


@cache
def _jieba() -> Any:
    with warnings.catch_warnings():
        # Its source has invalid escapes, and it asks for pkg_resources, which warns of its own end.
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", message="pkg_resources")
        import jieba  # late: most texts are scored without it, and the bot itself never loads it
    jieba.setLogLevel(logging.CRITICAL)
    return jieba


def _cache_folder() -> Path:
    """A folder of the user's own: jieba unmarshals what it finds, so a file that others can write would be a hole."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "fenghuo"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):
        return Path(tempfile.mkdtemp(prefix="fenghuo-"))
