"""What is removed from a text before it is stored, and what must stay. All numbers here are made up or documented samples."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.monitor import scrub as scrubbing
from bot.monitor.scrub import LABELS, author_hash, clean, mask, province, public_url, scrub
from bot.sources.base import Found
from bot.sources.fields import to_found

PHONE = "【手机号】"


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("打我13800138000", f"打我{PHONE}"),
        ("１３８００１３８０００", PHONE),
        ("138 0013 8000", PHONE),
        ("138-0013-8000", PHONE),
        ("138.0013.8000", PHONE),
        ("1 3 8 0 0 1 3 8 0 0 0", PHONE),
        ("+86 13800138000", PHONE),
        ("008613800138000", PHONE),
        ("①③⑧⓪⓪①③⑧⓪⓪⓪", PHONE),
        ("1️⃣3️⃣8️⃣0️⃣0️⃣1️⃣3️⃣8️⃣0️⃣0️⃣0️⃣", PHONE),
        ("𝟏𝟑𝟖𝟎𝟎𝟏𝟑𝟖𝟎𝟎𝟎", PHONE),
        ("一三八零零一三八零零零", PHONE),
        ("幺三八〇〇幺三八〇〇〇", PHONE),
        ("壹叁捌零零壹叁捌零零零", PHONE),
        ("一3八00一38000", PHONE),
        ("1\u200b3800138000", PHONE),
        ("call13800138000now", f"call{PHONE}now"),
        ("价格 99 13800138000", f"价格 99 {PHONE}"),
        ("13800138000 13900139000", f"{PHONE} {PHONE}"),
        ("电话010-62345678", "电话【电话】"),
        ("(021) 6234 5678", "【电话】"),
        ("400-820-8820", "【电话】"),
        ("身份证11010519491231002X。", "身份证【身份证号】。"),
        ("id11010519491231002x 1个", "id【身份证号】 1个"),
        ("110105 19491231 002X", "【身份证号】"),
        ("区划不明344037198311014049", "区划不明【身份证号】"),
        ("１１０１０５１９４９１２３１００２Ｘ", "【身份证号】"),
        ("卡4111111111111111", "卡【银行卡号】"),
        ("4111 1111 1111 1111", "【银行卡号】"),
        ("4111-1111-1111-1111", "【银行卡号】"),
        ("6222021234567890128", "【银行卡号】"),
        ("写信li.si@example.com吧", "写信【邮箱】吧"),
        ("ｌｉｓｉ＠ｑｑ．ｃｏｍ", "【邮箱】"),
        ("123456789@qq.com", "【邮箱】"),
        ("lisi#qq.com", "【邮箱】"),
        ("lisi (at) example.com", "【邮箱】"),
        ("加微信lisi_2020谈", "加微信【微信号】谈"),
        ("微信号：lisiabc", "微信号：【微信号】"),
        ("vx lisi2020", "vx 【微信号】"),
        ("V信:lisi-2020", "V信:【微信号】"),
        ("➕V lisiabc", "➕V 【微信号】"),
        ("wx：lisiabc", "wx：【微信号】"),
        ("微信 123456789", "微信 【微信号】"),
        ("微信13800138000", f"微信{PHONE}"),
        ("QQ123456789", "QQ【QQ号】"),
        ("扣扣：12345", "扣扣：【QQ号】"),
        ("qq群号 987654321", "qq群号 【QQ号】"),
        ("京A12345撞我", "【车牌号】撞我"),
        ("沪AD12345", "【车牌号】"),
        ("粤B·12345D", "【车牌号】"),
        ("粤B·123D5", "【车牌号】"),
        ("粤b12345f", "【车牌号】"),
        ("@张三 你看", "@某人 你看"),
        ("回复@李四_2020：好的", "回复@某人：好的"),
        ("你看＠张三", "你看@某人"),
    ],
)
def test_personal_data_becomes_a_labelled_blank(text: str, scrubbed: str) -> None:
    assert scrub(text).text == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "昨天买的蛋糕发霉了，客服一直不理人，退款也不给！",
        "订单7212345678901234567到现在没发货",
        "视频 https://www.douyin.com/video/7573000000000000456",
        "运单SF1234567890123",
        "订单号2024111512345，退款1399元",
        "2026-11-15 13:45:00 下的单",
        "1731234567",
        "4111111111111112",
        "110105194912310021",
        "19.9/20.00/30.00/3",
        "1399 2499 3999 4599",
        "微信Android版闪退",
        "微信支付被扣了两次",
        "显卡用的云GPU4090",
        "一二三四五六七",
        "一个三明治一共五十六块八",
        "QQ飞车",
        "京东A1234",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert scrub(text).text == text


def test_the_kinds_that_were_found_are_named() -> None:
    assert scrub("13800138000，lisi@example.com，13900139000").kinds == ("mail", "phone")
    assert scrub("好").kinds == ()


def test_a_name_with_a_sentence_glued_to_it_leaves_the_sentence() -> None:
    complaint = "你们这家店真的太差了我要投诉到底退钱退钱退钱"
    assert scrub(f"@张三李四{complaint}").text == f"@某人{complaint}"


def test_the_brands_own_account_is_no_person() -> None:
    assert scrub("@青柚茶饮官方 @张三 退钱", keep=["青柚"]).text == "@青柚茶饮官方 @某人 退钱"


@given(st.text(alphabet=st.sampled_from("1３8０-@ .加微信vxQ京A一三八:：号好abz_"), max_size=40))
def test_a_scrubbed_text_has_nothing_left_to_scrub(text: str) -> None:
    once = scrub(text).text
    assert scrub(once).text == once


@given(
    st.text(max_size=30).filter(lambda text: not any(c.isalnum() for c in text[-1:])), st.text(max_size=30)
)
def test_a_phone_number_is_found_in_any_surroundings(before: str, after: str) -> None:
    assert "13800138000" not in scrub(f"{before}，13800138000，{after}").text


@pytest.mark.parametrize(
    "unit", ["12345 ", "1", "@", "微信", "a", "a.", "1 ", "+86 ", "加v", "010-6234 ", "京A1", "abc@", "qq:"]
)
def test_hostile_texts_take_no_longer_than_long_ones(unit: str) -> None:
    start = time.perf_counter()
    scrub(unit * (20_000 // len(unit)))
    assert time.perf_counter() - start < 2


def test_an_author_is_the_same_under_one_key_and_platform_only() -> None:
    one = author_hash(b"key", "douyin", "123")
    assert len(one) == 16
    assert int(one, 16)
    assert one == author_hash(b"key", "douyin", "123")
    assert len({one, author_hash(b"other", "douyin", "123"), author_hash(b"key", "weibo", "123")}) == 3
    assert author_hash(b"key", "douyin", "") == ""


@pytest.mark.parametrize(
    ("nickname", "masked"),
    [
        ("青柚小王子", "青***子"), ("甲乙", "甲*"), ("甲", "甲*"), ("", ""), ("  ", ""), ("甲***乙", "甲***乙"),
        ("\u202e甲\n乙丙", "甲***丙"),
    ],
)  # fmt: skip
def test_nicknames_are_masked(nickname: str, masked: str) -> None:
    assert mask(nickname) == masked


@pytest.mark.parametrize(
    ("place", "kept"),
    [
        ("浙江", "浙江"), ("IP属地：浙江杭州", "浙江"), ("浙江省杭州市西湖区", "浙江"), ("发布于 广东", "广东"),
        ("来自内蒙古", "内蒙古"), ("广西壮族自治区", "广西"), ("中国香港", "香港"), ("中国", "中国"), ("日本东京", "日本"),
        ("United States", "United States"), ("Nigeria", "Nigeria"), ("杭州", ""), ("某某路 1 号", ""), ("未知", ""), ("", ""),
    ],
)  # fmt: skip
def test_places_are_reduced_to_province_or_country(place: str, kept: str) -> None:
    assert province(place) == kept


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://www.douyin.com/video/75?sec_uid=MS4&previous_page=app", "https://www.douyin.com/video/75?previous_page=app"),
        ("https://user:pass@example.com/a?id=5#token=x", "https://example.com/a?id=5"),
        ("https://example.com:8443/a?access_token=1&utm_source=2&session_id=3&page=4", "https://example.com:8443/a?page=4"),
        ("https://www.xiaohongshu.com/explore/64f?xsec_token=AB%3D&share_id=9", "https://www.xiaohongshu.com/explore/64f?xsec_token=AB%3D"),
        ("https://tieba.baidu.com/p/9?pid=2", "https://tieba.baidu.com/p/9?pid=2"),
        ("https://weibo.com/u/1234567", ""),
        ("https://www.xiaohongshu.com/user/profile/5f", ""),
        ("https://space.bilibili.com/12", ""),
        ("javascript:alert(1)", ""),
        ("https://[", ""),
        ("https://a.example:99999/", ""),
        ("https://a.example/" + "x" * 3000, ""),
        ("", ""),
    ],
)  # fmt: skip
def test_links_keep_what_opens_the_page_and_nothing_about_people(url: str, kept: str) -> None:
    assert public_url(url) == kept


PLANTED = {
    "comment_id": "7574000000000000123", "aweme_id": "7573000000000000456",
    "content": "客服电话１３９ ００１３ ９０００，卡6222021234567890128，身份证11010519491231002X，微信leak_wx_77，"
    "邮箱leak.mail@example.com，QQ 246813579，车牌沪AD98765，@泄露的名字 在吗",
    "title": "加V leakvx88", "user_id": "leak-user-1", "sec_uid": "MS4leak", "short_user_id": "leak-short",
    "user_unique_id": "leakunique", "user_signature": "leak signature 13700137000", "nickname": "泄露昵称某",
    "avatar": "https://p3.example/leak-avatar.jpg", "ip_location": "IP属地：浙江杭州西湖", "gender": "f",
    "profile_url": "https://weibo.com/u/leakprofile",
    "url": "https://www.douyin.com/video/7573000000000000456?sec_uid=MS4leak&token=leaktoken",
}  # fmt: skip


def test_nothing_planted_in_any_field_of_a_row_is_left() -> None:
    found = to_found(PLANTED, timezone=ZoneInfo("Asia/Shanghai"), now=datetime(2026, 11, 20, tzinfo=UTC))
    stored = repr(asdict(clean(found, b"key")))
    planted = (
        "leak",
        "泄露",
        "9000",
        "00１３",
        "1370013",
        "622202",
        "19491231",
        "246813579",
        "98765",
        "杭州",
        "昵称",
    )
    assert [part for part in planted if part in stored] == []
    assert "7574000000000000123" in stored
    assert "客服电话【手机号】" in stored
    assert "浙江" in stored


def test_every_field_that_holds_a_person_is_changed_by_cleaning() -> None:
    found = Found(
        platform="douyin",
        text="好",
        author="u1",
        nickname="某某某",
        place="浙江杭州",
        url="https://weibo.com/u/1",
    )
    one = clean(found, b"key")
    assert (one.text, one.nickname, one.place, one.url) == ("好", "某***某", "浙江", "")
    assert one.author == author_hash(b"key", "douyin", "u1")


def test_every_label_survives_scrubbing() -> None:
    for label in LABELS.values():
        assert scrub(f"微信{label} 1").text == f"微信{label} 1"


PIECES = (
    "13800138000", "１３８", "一三八零零一三八", "138-0013", "微信", "lisi_2020", "加V", "QQ", "12345", "@", "＠",
    "张三", "a.b@ex.com", "#qq.com", "at", "京A", "沪AD·", "1B23挂", "4111", "1111", "110105",
    "19491231", "002X", "010-", "62345678", "(021)", "12元", "3、5", "ⅠⅡ", "①②", "v:", ".", "com",
    "👍🏻", "好喝", "，", "！", "\u200b", " ",
)  # fmt: skip
PARTS = st.one_of(
    st.sampled_from(PIECES),
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=6),
    st.text("0123456789一二三零.-@·aAvVqQ京 ", max_size=6),
)


@given(st.lists(PARTS, max_size=12).map("".join))
def test_what_is_taken_for_harmless_at_a_glance_is_found_harmless_at_length(text: str) -> None:
    assert scrub(text, ("青柚",)) == scrubbing._scrubbed(text, ("青柚",))
