"""Cut Chinese text into words with jieba, keeping brand and product names whole."""

from __future__ import annotations

import logging
import os
import re
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from math import inf, log
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
MOST_RUNS = 20_000
"""Runs of characters outside the dictionary of which it is remembered how they are cut."""
_BLOCKS = re.compile(r"([\u4e00-\u9fd5a-zA-Z0-9+#&._%\-]+)")
"""What jieba takes for words; all else is cut into single characters."""
_BREAK = re.compile(r"\r\n|.", re.DOTALL)


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
            yield from _dictionary().cut(text)
            return
        for position, part in enumerate(self._names.split(text)):
            if position % 2:
                yield part
            elif part:
                yield from _dictionary().cut(part)

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
        tables = _extractor()
        said = Counter(
            word
            for word in cut or self.cut(text)
            if len(word.strip()) > 1 and word.lower() not in tables.stop_words
        )
        all_ = said.total()
        worth = {
            word: times * (tables.idf_freq.get(word, tables.median_idf) / all_)
            for word, times in said.items()
        }
        words = sorted(worth, key=worth.__getitem__, reverse=True)
        return [word for word in words if any(map(str.isalpha, word))][:count]


def dictionary() -> dict[str, str]:
    """The words that jieba knows, each with its part of speech."""
    with jieba().get_dict_file() as file:
        lines = file.read().decode("utf-8").splitlines()
    return {word: part for word, _, part in map(str.split, lines)}


class _Dictionary:
    """Cuts texts just as jieba's tokenizer does, with its dictionary, in a third of the time.

    Args:
        words: how often each word was seen; 0 for what only begins one.
        total: how often all of them were.
        unknown: cuts a run of characters that form no word of the dictionary.
    """

    def __init__(self, words: Mapping[str, int], total: int, unknown: Callable[[str], Iterable[str]]) -> None:
        self._words = words
        self._weights = _Weights(total)
        # Runs are short, and so are often met again.
        self._unknown = lru_cache(MOST_RUNS)(lambda run: tuple(unknown(run)))

    def cut(self, text: str) -> Iterator[str]:
        """Yield the words one by one, punctuation and blanks included."""
        for position, part in enumerate(_BLOCKS.split(text)):
            if position % 2:
                yield from self._cut(part)
            elif part:
                yield from _BREAK.findall(part)

    def _cut(self, text: str) -> Iterator[str]:
        """Cut what has no blanks and no punctuation; characters on their own that follow one another are looked at again."""
        ends = self._likeliest(text)
        start = run = 0
        while start < len(text):
            end = ends[start]
            if end - start > 1:
                yield from self._singles(text[run:start])
                yield text[start:end]
                run = end
            start = end
        yield from self._singles(text[run:])

    def _singles(self, run: str) -> Iterable[str]:
        return run if len(run) < 2 or self._words.get(run) else self._unknown(run)

    def _likeliest(self, text: str) -> list[int]:
        """Where the word ends that begins at each place, on the likeliest way from there to the end; of two the longer one."""
        words, weights = self._words, self._weights
        count = len(text)
        ends, best = [0] * count, [0.0] * (count + 1)
        for start in range(count - 1, -1, -1):
            end = start + 1
            chosen, most = end, -inf
            times = words.get(text[start])
            while times is not None:
                if times and (likely := weights[times] + best[end]) >= most:
                    chosen, most = end, likely
                end += 1
                times = words.get(text[start:end]) if end <= count else None
            ends[start] = chosen
            best[start] = most if most > -inf else weights[1] + best[chosen]
        return ends


class _Weights(dict[int, float]):
    """How likely a word is that was seen so often, as a logarithm."""

    def __init__(self, total: int) -> None:
        super().__init__()
        self._total = log(total)

    def __missing__(self, times: int) -> float:
        weight = self[times] = log(times) - self._total
        return weight


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
def _dictionary() -> _Dictionary:
    """Load jieba's dictionary: 0.8 s the first time on a machine, 0.4 s from its cache after."""
    tokenizer = jieba().Tokenizer()
    tokenizer.tmp_dir = str(_cache_folder())
    tokenizer.initialize()
    return _Dictionary(tokenizer.FREQ, tokenizer.total, jieba().finalseg.cut)


@cache
def _extractor() -> Any:
    jieba()
    with warnings.catch_warnings():
        # jieba leaves its file of frequencies for the garbage collector to close.
        warnings.simplefilter("ignore", ResourceWarning)
        from jieba.analyse import TFIDF  # late, as jieba itself

        extractor = TFIDF()
    extractor.stop_words = extractor.stop_words | _EMPTY_WORDS
    return extractor


@cache
def jieba() -> Any:
    """The library itself."""
    with warnings.catch_warnings():
        # Its source has invalid escapes, and it asks for pkg_resources, which warns of its own end.
        warnings.simplefilter("ignore", SyntaxWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", message="pkg_resources")
        import jieba as library  # late: most texts are scored without it, and the bot itself never loads it
    library.setLogLevel(logging.CRITICAL)
    return library


def _cache_folder() -> Path:
    """A folder of the user's own: jieba unmarshals what it finds, so a file that others can write would be a hole."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "fenghuo"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):
        return Path(tempfile.mkdtemp(prefix="fenghuo-"))
