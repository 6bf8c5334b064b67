"""One text that many post: counted on the card, and nobody is accused."""

import pytest

from handlers.shared.coverage import most_copied
from tests.chat import Chat, complaints, rotten, team

SLOGAN = "青柚蛋糕发霉还不退款，大家转发让所有人看到，抵制到底"
EDITED = (
    "青柚蛋糕发霉还不退款，大家转发让所有人看到，抵制到底！！！",
    "@青柚官方 青柚蛋糕发霉还不退款，大家转发让所有的人看到，抵制到底[怒]",
)


async def test_how_many_repeat_one_text_stands_on_the_card(chat: Chat) -> None:
    await chat.mentions(*complaints(3), *(rotten(SLOGAN) for _ in range(5)), *map(rotten, EDITED))
    text = (await chat.card()).text
    assert "copied text ×7" in text
    assert "×10" in text


async def test_it_grows_with_the_card(chat: Chat) -> None:
    await chat.mentions(*complaints(3), *(rotten(SLOGAN) for _ in range(3)))
    assert "copied text ×3" in (await chat.card()).text
    await chat.passes(minutes=1)
    await chat.mentions(*(rotten(SLOGAN, platform="weibo") for _ in range(4)))
    assert "copied text ×7" in (await chat.card()).text


async def test_in_chinese_it_is_named_and_nobody_is_called_hired(url: str) -> None:
    async with Chat(url, team=team(language="zh")) as chat:
        await chat.mentions(*complaints(3), *(rotten(SLOGAN) for _ in range(4)))
        text = (await chat.card()).text
    assert "重复文案 ×4" in text
    assert "水军" not in text


async def test_what_people_say_in_their_own_words_is_no_copy(chat: Chat) -> None:
    await chat.mentions(*complaints(4))
    assert "copied text ×" not in (await chat.card()).text


async def test_what_anybody_would_write_is_no_copy(chat: Chat) -> None:
    await chat.mentions(*complaints(3), *(rotten("退钱！") for _ in range(6)))
    assert "copied text ×" not in (await chat.card()).text


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        ([], 0),
        ([("这家店的蛋糕发霉还不退款", 5), ("试衣间里有摄像头，已经报警了", 2)], 5),
        ([("这家店的蛋糕发霉还不退款", 2), ("這家店的蛋糕", 1), ("这家店的蛋糕发霉还不退款！！", 2)], 4),
        ([("退钱", 50)], 0),
    ],
)
def test_light_edits_count_and_short_texts_do_not(texts: list[tuple[str, int]], count: int) -> None:
    assert most_copied(texts) == count
