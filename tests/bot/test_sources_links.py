"""Links and pasted share texts: which post is meant, and what is left of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.base import Found
from bot.sources.links import find_link, identify, pasted

DOUYIN = ("douyin", "7573000000000000456", "https://www.douyin.com/video/7573000000000000456")
XHS = "https://www.xiaohongshu.com/explore/64f1a2b3c4d5e6f708091011?xsec_token=AB"


@pytest.mark.parametrize(
    ("url", "post"),
    [
        ("https://www.douyin.com/video/7573000000000000456?previous_page=app", DOUYIN),
        ("https://www.douyin.com/note/7573000000000000456", DOUYIN),
        ("https://www.douyin.com/user/MS4wLjABAAAA?modal_id=7573000000000000456", DOUYIN),
        ("https://www.iesdouyin.com/share/video/7573000000000000456/?region=CN&share_sign=x", DOUYIN),
        ("https://www.iesdouyin.com/share/video/QDlWd0Ez/?region=CN&mid=7573000000000000456", DOUYIN),
        ("https://v.douyin.com/iABCdef/", ("douyin", "", "https://v.douyin.com/iABCdef/")),
        ("https://weibo.com/1642634100/E9gxe6oFD?from=page", ("weibo", "4022085161524805", "https://m.weibo.cn/detail/4022085161524805")),
        ("https://m.weibo.cn/status/E9gxe6oFD", ("weibo", "4022085161524805", "https://m.weibo.cn/detail/4022085161524805")),
        ("https://m.weibo.cn/detail/4022085161524805", ("weibo", "4022085161524805", "https://m.weibo.cn/detail/4022085161524805")),
        (XHS, ("xhs", "64f1a2b3c4d5e6f708091011", XHS)),
        ("https://www.xiaohongshu.com/user/profile/5b0000000000000000000000/64f1a2b3c4d5e6f708091011",
         ("xhs", "64f1a2b3c4d5e6f708091011", "https://www.xiaohongshu.com/explore/64f1a2b3c4d5e6f708091011")),
        ("https://www.bilibili.com/video/BV17x411w7KC/?spm_id_from=1", ("bili", "170001", "https://www.bilibili.com/video/av170001")),
        ("https://b23.tv/BV1L9Uoa9EUx", ("bili", "111298867365120", "https://www.bilibili.com/video/av111298867365120")),
        ("https://www.bilibili.com/video/av170001", ("bili", "170001", "https://www.bilibili.com/video/av170001")),
        ("https://b23.tv/abcdefg", ("bili", "", "https://b23.tv/abcdefg")),
        ("https://www.kuaishou.com/short-video/3xabcdefg?authorToken=3x", ("kuaishou", "3xabcdefg", "https://www.kuaishou.com/short-video/3xabcdefg")),
        ("https://tieba.baidu.com/p/9000000001?pid=15", ("tieba", "9000000001", "https://tieba.baidu.com/p/9000000001")),
        ("https://www.zhihu.com/question/1000001/answer/700001", ("zhihu", "700001", "https://www.zhihu.com/question/1000001/answer/700001")),
        ("https://mp.weixin.qq.com/s/AbCdEf", ("wechat", "", "https://mp.weixin.qq.com/s/AbCdEf")),
        ("https://news.example.com/a", ("web", "", "https://news.example.com/a")),
        ("https://notdouyin.com/video/7573000000000000456", ("web", "", "https://notdouyin.com/video/7573000000000000456")),
        ("https://www.douyin.com/user/MS4wLjABAAAA", ("douyin", "", "https://www.douyin.com/user/MS4wLjABAAAA")),
    ],
)  # fmt: skip
def test_a_link_tells_platform_and_post(url: str, post: tuple[str, str, str]) -> None:
    found = identify(url)
    assert found is not None
    assert (found.platform, found.item_id, found.url) == post


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "https://[", "ftp://douyin.com/video/1", "https://" + "x" * 5000]
)
def test_what_is_no_web_address_is_nothing(url: str) -> None:
    assert identify(url) is None


@pytest.mark.parametrize(
    ("text", "platform", "said"),
    [
        ("7.43 复制打开抖音，看看【青柚茶饮的作品】蛋糕发霉了 # 食品安全 https://v.douyin.com/iABCdef/ 10/12 abC:/ w@F.hb", "douyin", "蛋糕发霉了 # 食品安全"),
        ("62 小王同学发布了一篇小红书笔记，快来看吧！ 😆 abcDEF123456789 😆 http://xhslink.com/a/xyz，复制本条信息，打开【小红书】App查看精彩内容！", "xhs", ""),
        ("64 【青柚避雷！ - 小王同学 | 小红书 - 你的生活兴趣社区】 😆 abcDEF123456789 😆 https://www.xiaohongshu.com/discovery/item/64f1a2b3c4d5e6f708091011?source=x", "xhs", "青柚避雷！"),
        ("https://v.kuaishou.com/abc \"蛋糕发霉\" 该作品在快手被播放过1.2万次，点击链接，打开【快手】直接观看！", "kuaishou", "蛋糕发霉"),
        ("【蛋糕发霉测评-哔哩哔哩】 https://b23.tv/abc", "bili", "蛋糕发霉测评"),
        ("蛋糕怎么样？ - 小王同学的回答 - 知乎\nhttps://www.zhihu.com/question/1000001/answer/700001", "zhihu", "蛋糕怎么样？"),
        ("客服不理人 m.weibo.cn/status/4022085161524805。", "weibo", "客服不理人 。"),
        ("转发：https://example.com/x 原文在 https://m.weibo.cn/status/4022085161524805", "weibo", "转发：https://example.com/x 原文在"),
        ("看（https://news.example.com/a）这里", "web", "看（ ）这里"),
    ],
)  # fmt: skip
def test_a_share_text_gives_its_link_and_what_was_said_without_the_sharers_name(
    text: str, platform: str, said: str
) -> None:
    found = pasted(text)
    assert found is not None
    assert (found.platform, found.text) == (platform, said)
    assert found.created_at is None
    assert "小王" not in repr(found)


def test_a_paste_is_the_post_that_a_crawler_finds() -> None:
    found = pasted("https://www.douyin.com/video/7573000000000000456")
    assert found == Found(
        platform="douyin", text="", native_id="7573000000000000456", item_id="7573000000000000456", kind="video",
        url="https://www.douyin.com/video/7573000000000000456",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "蛋糕发霉了", "a.b@c.com", "1.2万", "https://", "小王@douyin.com/"])
def test_a_text_without_a_link_is_no_post(text: str) -> None:
    assert pasted(text) is None


@given(
    st.text()
    | st.text().map(lambda text: f"{text} https://v.douyin.com/{text} {text}")
    | st.from_regex(r"https?://[\w./?=&#%-]{1,60}")
)
def test_no_paste_breaks_the_reader(text: str) -> None:
    found = pasted(text)
    link = find_link(text)
    assert (found is None) == (link is None)


@given(
    st.sampled_from(
        ["weibo.com/1234567", "m.weibo.cn/status", "www.bilibili.com/video", "www.douyin.com/video"]
    ),
    st.text(max_size=30),
)
def test_no_link_breaks_the_reader(host: str, rest: str) -> None:
    identify(f"https://{host}/{rest}")
