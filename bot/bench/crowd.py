"""Made-up comments about a made-up tea shop, in MediaCrawler's form: mostly talk, some praise, about 5 % complaints.

Put together from parts, so that few of them are alike and the scorer has to think about each as it does in life. The
complaints are about a few matters, which begin one after the other and grow, as real ones do. Same seed, same crowd.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

NEGATIVES = 0.05
MATTERS_PER_COMMENT = 1 / 2500
FEWEST_MATTERS = 2
ITEMS = 400
"""Posts and videos under which the comments stand."""
SPAN = timedelta(hours=6)
"""How long before now the oldest was written."""

Row = dict[str, object]

_WHO = "我 我妈 同事 室友 闺蜜 隔壁桌 我家孩子 朋友 表姐 楼下阿姨 老公 学姐 快递小哥 老板 邻居 我和同学".split()
_WHEN = "今天 昨天下午 周末 刚才 上周 下班以后 早上 中午 前天晚上 上个月 放学后 下雨那天 开会之前 国庆那几天".split()
_WHERE = "万达 地铁口 学校门口 公司楼下 高铁站 河边 老城区 商场三楼 机场 步行街 小区门口 图书馆旁边 体育馆对面".split()
_WHAT = "柚子茶 桂花乌龙 葡萄冰 芋泥奶茶 杨枝甘露 拿铁 红豆糕 茉莉绿茶 草莓大福 柠檬水 栗子蛋糕 盐酥鸡 双拼 小料".split()
_DID = "点了一杯 带了两份 路过看到 试了试 拍了张照 拼单买了 等朋友的时候喝了 给孩子买了 排到了 换了 外卖叫了 打包了".split()
_TALK = (
    "杯子是蓝色的 包装换了新的 店里在放周杰伦 旁边坐了一桌学生 冰块加到一半 门口摆了两盆桂花 菜单改版了 店员在擦柜台 "
    "下次想点热的 名字起得挺长 和图上的颜色差不多 三分糖去冰 这周第三次路过 送了一张贴纸 看到有人在直播 换了吸管 "
    "那家店搬到二楼了 老家也开了一家 听说要出秋天的新品 旁边新开了一家书店 拍照的人很多"
).split()
_ASKS = (
    "几点关门 有无糖的吗 可以用券吗 停车方便吗 在几楼 会员日是周几 杯子单卖吗 能不能送到学校 有大杯吗 热量多少 还有联名的杯子吗 "
    "哪家店有桂花味"
).split()
_PRAISE = (
    "真好喝 很喜欢 味道很正 强烈推荐 店员很热情 包装好看 会回购 甜度刚刚好 料很足 性价比高 环境干净 出餐很快 值得排队 "
    "喝完心情都好了 好吃不腻 颜值高"
).split()
_TAILS = ["", "", "", "", "。", "~", "！", "哈哈", "[赞]", "[比心]", "😋", "👍", "……", "，有一起的吗", "，记录一下", "，图在评论区"]
_NAMES = "小柚 阿青 momo 爱喝茶的猫 一只鹅 Lily 山里人 晚风 豆豆妈 用户 橘子汽水 老张 七月".split()

_LOUD = ["太恶心了", "气死我了", "真的很失望", "再也不会来了", "大家避雷", "什么态度", "凭什么这样", "垃圾", "离谱", "曝光你们"]
_TROUBLES = (
    ("{what}里喝出一只虫子", "{what}里有虫，客服不理人", "在{where}那家喝到虫子了，找客服没人理"),
    ("充了两百块会员卡，店关门了退款不给", "会员卡退款拖了两个月，客服不理", "{where}店说关就关，退款没人处理"),
    ("{what}发霉了，要退款客服不理", "{when}买的{what}长毛发霉，退款也不给", "{what}打开是发霉的，投诉没人管"),
    ("喝完{what}上吐下泻，拉肚子一晚上", "{who}喝了{what}拉肚子，客服装死", "喝完就拉肚子，{where}那家店，投诉也没用"),
    ("小程序打不开，付了款没有订单", "付款成功却没有订单，小程序一直闪退", "小程序崩溃，扣了两次钱，退款不处理"),
    ("店员骂人，{where}那家服务态度极差", "服务员骂顾客还翻白眼，投诉没人管", "{who}问了一句就被骂，店员态度恶劣"),
    ("外卖送来{what}全洒了，退款被拒绝", "外卖少送一杯，客服踢皮球不退款", "{when}的外卖漏发，找谁都踢皮球"),
    ("写着第二杯半价，结账全价，虚假宣传", "活动写半价，付款不算，欺骗消费者要投诉", "半价券不能用，虚假宣传，已打12315"),
    ("吃{what}吃出头发丝，还说是我自己的", "{what}里有一根头发，店家不承认也不退款", "吃出头发，店家不承认，要求退款被骂"),
    ("过期的牛奶还在用，员工自己爆料", "后厨牛奶过期还在用，举报到市监局了", "拍到用过期牛奶做{what}，已举报"),
)


@dataclass(frozen=True, slots=True)
class _Matter:
    """Something people complain of, from some point of the stream on."""

    trouble: tuple[str, ...]
    platform: str
    item: int
    begins: float


class Crowd:
    """The comments.

    Args:
        count: how many.
        now: the newest is written then.
    """

    def __init__(self, count: int, now: datetime, seed: int = 1) -> None:
        self.count = count
        self._now = now
        self._random = Random(seed)  # noqa: S311 - not a secret
        matters = max(FEWEST_MATTERS, round(count * MATTERS_PER_COMMENT))
        self._matters = [
            _Matter(
                trouble=_TROUBLES[number % len(_TROUBLES)],
                platform=self._random.choice(list(_FORMS)),
                item=ITEMS + number,
                begins=0.8 * number / matters,
            )
            for number in range(matters)
        ]

    def texts(self) -> list[str]:
        """What they say."""
        return [text for text, _, _ in self._said()]

    def write(self, folder: Path) -> None:
        """Write them as a crawler would: a file of JSON Lines for each platform."""
        lines: dict[str, list[str]] = {platform: [] for platform in _FORMS}
        for number, (text, platform, item) in enumerate(self._said()):
            written = self._now - SPAN * (1 - number / self.count)
            row = {**self._common(number), **_FORMS[platform](text, item, written)}
            lines[platform].append(json.dumps(row, ensure_ascii=False))
        for platform, found in lines.items():
            path = folder / platform / "jsonl" / f"search_comments_{self._now:%Y-%m-%d}.jsonl"
            path.parent.mkdir(parents=True)
            path.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")

    def _said(self) -> Iterator[tuple[str, str, int]]:
        """Text, platform and item of each, in the order in which they were written."""
        for number in range(self.count):
            begun = [matter for matter in self._matters if matter.begins <= number / self.count]
            if self._random.random() < NEGATIVES:
                matter = self._random.choice(begun)
                yield self._complaint(matter), matter.platform, matter.item
            else:
                yield self._talk(), self._random.choice(list(_FORMS)), self._random.randrange(ITEMS)

    def _talk(self) -> str:
        any_of = self._random.choice
        kind = self._random.random()
        if kind < 0.15:
            return f"请问{any_of(_WHERE)}的青柚{any_of(_ASKS)}{any_of(['？', '?', '', '呀'])}"
        scene = f"{any_of(_WHEN)}{any_of(_WHO)}在{any_of(_WHERE)}{any_of(_DID)}青柚的{any_of(_WHAT)}"
        said = any_of(_PRAISE) if kind < 0.4 else any_of(_TALK)
        more = f"，{any_of(_TALK)}" if self._random.random() < 0.4 else ""
        return f"{scene}，{said}{more}{any_of(_TAILS)}"

    def _complaint(self, matter: _Matter) -> str:
        any_of = self._random.choice
        said = any_of(matter.trouble).format(what=any_of(_WHAT), where=any_of(_WHERE), when=any_of(_WHEN), who=any_of(_WHO))
        return f"{any_of(['', '青柚', '青柚的', any_of(_WHEN)])}{said}，{any_of(_LOUD)}{any_of(['', '！', '！！', '[怒]'])}"

    def _common(self, number: int) -> Row:
        return {
            "comment_id": str(7_300_000_000_000_000_000 + number),
            "nickname": f"{self._random.choice(_NAMES)}{self._random.randrange(10_000)}",
            "user_id": str(self._random.randrange(10**10)),
            "ip_location": self._random.choice(["广东", "四川", "浙江", "北京", "湖北"]),
            "sub_comment_count": "0",
            "last_modify_ts": int(self._now.timestamp() * 1000),
        }


def _douyin(text: str, item: int, at: datetime) -> Row:
    stand = {"aweme_id": str(7_400_000_000_000_000_000 + item), "parent_comment_id": "0", "pictures": ""}
    return {**stand, "content": text, "create_time": int(at.timestamp()), "like_count": len(text) % 40}


def _weibo(text: str, item: int, at: datetime) -> Row:
    stand = {"note_id": str(5_100_000_000_000_000 + item), "parent_comment_id": ""}
    written = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")
    return {**stand, "content": text, "create_date_time": written, "comment_like_count": str(len(text) % 30)}


def _xhs(text: str, item: int, at: datetime) -> Row:
    stand = {"note_id": f"66f0a1b2c3d4e5f6{item:08x}", "parent_comment_id": 0, "pictures": ""}
    return {**stand, "content": text, "create_time": int(at.timestamp() * 1000), "like_count": str(len(text) % 20)}


_FORMS = {"douyin": _douyin, "weibo": _weibo, "xhs": _xhs}
"""The fields in which a crawl of each platform differs."""
