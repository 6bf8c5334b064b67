"""Tell whether two comments complain of the same matter.

    same_matter("收到的蛋糕发霉了，客服不理人", "生日蛋糕打开全是霉斑") -> True
    same_matter("收到的蛋糕发霉了，客服不理人", "蛋糕少送了两块，客服不理人") -> False

What two complaints share and where they differ is put into some thirty signs (see `signs`), and a logistic model says how likely
they are the same. `fit` finds its weights from the labelled pairs of `tests/bot/merge_pairs.tsv`.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Set
from functools import cache, lru_cache
from typing import NamedTuple

from bot.monitor import sketch
from bot.monitor.phrases import CALL, CITY, FIELD, GRUMBLE, KIND, SUBJECTS, THING, TROUBLE
from bot.monitor.reading import Reader
from playbooks import load

SAME = 0.8
"""How likely two complaints must be the same: a wrong merge is worse than a missed one."""
FIXED = {"else_city": -3.0}
"""Cities are too rare in the pairs to be fitted."""
WEIGHTS = FIXED | {
    "narrow": 1.68,
    "broad": 0.80,
    "more": 0.51,
    "grumble": 0.06,
    "vague": 0.49,
    "share": 0.65,
    "kind": 0.64,
    "half_kind": -0.58,
    "clash": -2.02,
    "loose": 0.15,
    "thing": 0.75,
    "goods_thing": 0.16,
    "else_goods": -1.41,
    "else_goods_loose": -0.86,
    "else_place": -1.92,
    "else_staff": -0.21,
    "apart": -0.17,
    "one_names": 0.72,
    "neither": 0.89,
    "thing_of_broad": 0.87,
    "thing_alone": -0.57,
    "apart_told": -0.50,
    "one_names_broad": -0.13,
    "person": 0.78,
    "letters": 1.12,
}
"""What each sign adds to the logit, as `python -m bot.monitor.fit` found it."""
BIAS = -0.80
VAGUE = frozenset(f"{TROUBLE}{name}" for name in ("ignored", "norefund", "hospital", "update", "untrue"))
"""What follows on any trouble, or stands before it: it tells what went wrong only where nothing else does."""
_BROAD = (
    "additive ads assault belly broken bug cancelled claim copy coupon crash cut damaged deposit dirty "
    "discriminate downgrade eaten expired fake fee fell finance fire fired forced foreign gift hacked "
    "harass harmed hurt infect install leak lift login lost lostdata medical missing noise norefund "
    "nostock opened origin overbook overcharge points promo raised rigged rude runaway scald sham shock "
    "short sickpet skin smell spoilt staged stall teachers trash tuition unlawful unsafe unsent untrue "
    "update usedcar vulgar wages withdraw wrong"
)
BROAD = frozenset(f"{TROUBLE}{name}" for name in _BROAD.split())
"""What befalls many things alike, so that it needs the same thing to be the same matter."""
LOOSE = frozenset(
    f"{FIELD}{name}" for name in ("privacy", "people", "taste", "truth", "originality", "system")
)
"""Where the thing is by the way: a camera is hidden in a socket or in a router."""
WHO = frozenset(f"{CALL}{name}" for name in ("child", "elder"))
GOODS = "goods"
"""Food and wares are one group: nobody complains of a cake and of a coat at once."""
NAMED = (*SUBJECTS, CITY)
LEAST_DOUBT = 0.04
"""How negative a comment that names trouble must be: below, the trouble is praised away."""
KEPT = 1024
"""Complaints whose marks are kept sorted: those of the topics at hand are compared again and again."""

_ASKED = re.compile(
    r"[吗么]$|(什么|哪|怎么|如何|几|多少|谁|是不是|会不会|能不能|有没有).{0,8}[呢呀啊]$|(怎么|如何)(算|样才)|什么时候|多少(钱|度|分)"
    r"|[能可]不[能可]以?加|(在哪|哪里|哪儿).{0,6}$|^.{0,12}(多久|几点|几天|几分钟|什么牌子|哪个牌子|哪位|怎么.|会不会).{0,6}$"
)
_ASKS = re.compile(
    r"是真的[吗么]?[?？。~]*$|真的假的|真的吗|是真是假|求推荐|求教|请问|想问|咨询|问一?下|请教|求问|求回答|求解|求科普|求助|新手|想入手|想买|想要买|想给"
    r"|(打算|准备|考虑)[买入报订去换]|有(人)?知道的?吗|有人知道|有谁知道|有没有(人|谁|用过|去过|吃过|买过)|有什么.{1,4}推荐|有推荐"
    r"|在哪(里|儿)?(设置|看|找|改|查|买|领)|(正常|靠谱|安全|好用|严重|好吃|值得|可以|能用|能吃|能喝|可信)[吗么][，,。?？~]*|有影响吗|要紧吗|一般(多久|几天|什么时候)|选哪|哪个(好|牌子)|怎么(选|挑|避免|预防|清洗|保养|区分|辨别|设置)"
)
_PRAISES = re.compile(
    r"(?<![不没别无非难敢])(放心[买吃喝用入冲住选坐玩下]|爱了|服气|神速|点赞|赞[!！~]*$|好好的([，,。!！]|$)|还是好好的|完好无|值这个价|养回来|囤了|有耐心|超有耐心"
    r"|随叫随到|(当天|马上|立刻|立马|很快|分钟|小时)就?[来修解处补换]|秒回|秒到|秒批|秒赔|秒退款|全额退了|[很挺真特别还]不错|真香|没毛病|人很好"
    r"|推荐|值得(推荐|买|入手|信赖|拥有)|五星好评|给个?好评$|好评[!！]*$|态度(真的?|特别|很|超级?|也|还|贼|真心)*好(?!差|烂|凶)|(师傅|客服|店员|医生|老师|司机|小哥).{0,6}(好|棒|细心|热情|负责|给力|专业)([，,。!！]|$)"
    r"|好多了|满意|惊喜|省心|安心|表扬|贴心|暖心|感动|回购|给力|良心(卖家|店|商家|品牌|企业)|痛快|爽快|靠谱|业界良心|超预期|没得说|挑不出|无可挑剔|稳稳的|稳得很"
    r"|[挺很真超贼太](好吃|好喝|好用|好看|舒服|新鲜|干净|专业|健康|香|嫩|快|稳|结实|严实|凉快|安静|划算|靠谱|到位|及时|细心|暖)|严严实实|包得.{0,3}(严|好|结实)|提前到|提前送|很准时|准时[到送]"
    r"|(质量|效果|服务|做工|手感|味道|音质|画质|续航|隔音|体验)(真的?|特别|很|超|还|也|贼|相当)*(好|棒|绝|顶|强|稳|可以|在线|杠杠)"
    r"|越用越好|越来越好|用了.{1,4}年(还|都|也|依然).{0,6}(好|新|稳)|跟新的一样|一点毛病|误会|冤枉|谁说.{2,12}的?[，,])"
    r"|(从来|从没|一次|一点|一点儿|一点都|一点也|完全|根本|并|丝毫|居然|竟然|都|倒|也)(没|没有|不|不会)(再|有)?.{0,2}"
    r"(缩水|发烫|掉色|褪色|起球|跑绒|跑毛|钻绒|过敏|卡顿|卡$|漏|异味|坏过|坏$|开胶|变形|晚点|延误|出过|红屁股|长痘|闷痘|拉肚子|掉毛|掉漆|生锈|刺鼻|味道)"
    r"|(本来|原本|原来|还|一直|有点|之前)(怕|担心|害怕|以为会)|听不见.{0,4}声"
)
"""What is said of what went well. `不满意` and the like are the contrary."""
_CLAUSES = re.compile(r"[，。！!,；;、\n\s]+")


class Parts(NamedTuple):
    """The marks of a complaint by what they are.

    Args:
        troubles: what went wrong.
        things: what it befell, who did it, where: each group of marks by itself.
        kinds: the kinds that are named of a trouble or a thing.
        words: the others that set it apart.
    """

    troubles: frozenset[str]
    things: Mapping[str, Set[str]]
    kinds: Mapping[str, Set[str]]
    words: frozenset[str]


def same_matter(one: str, other: str) -> bool:
    """Tell whether two comments complain of the same: nearly the same words, or other words for the same trouble with the same thing.

    Questions and praise complain of nothing, so they are the same as nothing but their own copies.
    """
    exact, also = sketch.normal(one), sketch.normal(other)
    if exact == also:
        return True
    first, second = complaint(one), complaint(other)
    if first is None or second is None:
        return False
    if sketch.is_near(exact, also) and not clash(first, second) and not _at_odds(parts(first), parts(second)):
        return True
    return likeness(first, second) >= SAME


def likeness(one: Set[str], other: Set[str]) -> float:
    """How likely two complaints are the same, by what they are about (see `Reader.about`): 0 to 1."""
    common = one & other
    if not common:
        return 0.0
    return 1 / (1 + math.exp(-BIAS - sum(WEIGHTS[sign] * value for sign, value in signs(one, other).items())))


def clash(one: Set[str], other: Set[str]) -> bool:
    """Tell whether two complaints name different troubles."""
    first, second = parts(frozenset(one)), parts(frozenset(other))
    both_say = first.troubles - VAGUE and second.troubles - VAGUE
    return bool(both_say) and not _shared(first.troubles, second.troubles, first, second)


def signs(one: Set[str], other: Set[str]) -> dict[str, float]:
    """What speaks for two complaints being the same, and against it; signs that are not there are left out."""
    first, second, common = parts(frozenset(one)), parts(frozenset(other)), one & other
    shared = _shared(first.troubles, second.troubles, first, second)
    told = {mark for mark in shared - VAGUE if mark.startswith(TROUBLE)}
    loose = bool(told) and not LOOSE.isdisjoint(common)
    found = {
        **_trouble_signs(first, second, shared, told),
        **_thing_signs(first, second, told, loose=loose),
        "loose": loose,
        "person": not WHO.isdisjoint(common),
        "letters": _like_letters(first.words - common, second.words - common),
    }
    return {sign: value for sign, value in found.items() if value}


def _trouble_signs(first: Parts, second: Parts, shared: Set[str], told: Set[str]) -> dict[str, float]:
    named = shared - VAGUE
    ones, others = first.troubles - VAGUE, second.troubles - VAGUE
    kinds = [(mark in first.kinds) + (mark in second.kinds) for mark in told]
    return {
        "narrow": bool(told - BROAD),
        "broad": bool(told) and told <= BROAD,
        "more": len(told) > 1,
        "grumble": bool(named) and not told,
        "vague": bool(shared) and not named,
        "share": len(named) / max(1, len(ones | others)),
        "kind": 2 in kinds,
        "half_kind": 1 in kinds,
        "clash": not named and bool(ones and others),
    }


def _thing_signs(first: Parts, second: Parts, told: Set[str], *, loose: bool) -> dict[str, float]:
    both = first.things.keys() & second.things.keys()
    same = {group for group in both if _shared(first.things[group], second.things[group], first, second)}
    city, other = CITY.rstrip(":"), both - same
    named = [bool(each.things.keys() - {city}) for each in (first, second)]
    alike, broad = bool(same - {city}), bool(told) and told <= BROAD
    return {
        "thing": alike,
        "goods_thing": GOODS in same,
        "thing_of_broad": broad and alike,
        "thing_alone": alike and not told,
        "else_goods": GOODS in other and not loose,
        "else_goods_loose": GOODS in other and loose,
        "else_place": "place" in other,
        "else_staff": "staff" in other,
        "else_city": city in other,
        "apart": all(named) and not alike and other <= {"media", city},
        "apart_told": all(named) and not alike and bool(told),
        "one_names": any(named) and not all(named),
        "one_names_broad": broad and any(named) and not all(named),
        "neither": not any(named),
    }


def _like_letters(one: Set[str], other: Set[str]) -> float:
    """How many of their characters words share that are not the same: 奶茶 and 茶 do."""
    first, second = set("".join(one)), set("".join(other))
    return len(first & second) / max(1, min(len(first), len(second)))


def _at_odds(first: Parts, second: Parts) -> bool:
    """Tell whether two complaints name different things, places or people."""
    return any(
        not _shared(named, second.things[group], first, second)
        for group, named in first.things.items()
        if group in second.things and group != "media"
    )


def _shared(one: Set[str], other: Set[str], first: Parts, second: Parts) -> set[str]:
    """The marks that both bear, but for those of which they name different kinds."""
    kinds, others = first.kinds, second.kinds
    return {
        mark
        for mark in one & other
        if mark not in kinds or mark not in others or not kinds[mark].isdisjoint(others[mark])
    }


@lru_cache(KEPT)
def parts(marks: frozenset[str]) -> Parts:
    """Sort the marks of a complaint."""
    things: dict[str, set[str]] = defaultdict(set)
    kinds: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        if mark.startswith(NAMED):
            group = mark.removeprefix(THING).partition(":")[0]
            things[GOODS if group in ("food", "ware") else group].add(mark)
        elif mark.startswith(KIND):
            kinds[mark.removeprefix(KIND).rpartition(":")[0]].add(mark)
    troubles = frozenset(mark for mark in marks if mark.startswith((TROUBLE, GRUMBLE)))
    return Parts(troubles, dict(things), dict(kinds), frozenset(mark for mark in marks if ":" not in mark))


def complaint(text: str) -> frozenset[str] | None:
    """What a comment complains of; None if it does not complain."""
    reader = _reader()
    reading = reader.read(text)
    marks = frozenset(reading.words or reader.about(text))
    names_trouble = any(mark.startswith((TROUBLE, GRUMBLE)) for mark in marks)
    names_it = names_trouble and reading.score.negative >= LEAST_DOUBT
    doubted = not (reading.is_negative or names_it) or _PRAISES.search(text)
    return None if doubted or _asks(text, names_trouble) else marks


def _asks(text: str, names_trouble: bool) -> bool:
    """Tell whether a comment only asks; after a clause that complains, a question is an outcry."""
    bare = text.rstrip("?？。~～ ")
    if _ASKS.search(bare):
        return True
    *before, last = [clause for clause in _CLAUSES.split(bare) if clause] or [""]
    asks = bool(_ASKED.search(last)) or (text.rstrip().endswith(("?", "？")) and not names_trouble)
    return asks and not (names_trouble and any(not _ASKED.search(clause) for clause in before))


@cache
def _reader() -> Reader:
    return Reader((), load().matcher)
