"""Our own account on Douyin: polled and sent, with every error its platform documents."""

from __future__ import annotations

import contextlib
import json
import pickle
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.base import Batch, Found, PushError, SourceError
from bot.sources.douyin import DouyinPush, DouyinSettings, DouyinSource
from bot.sources.douyin_api import Vault
from bot.sources.kinds import Site
from tests.servers.douyin import OPEN_ID, DouyinServer, Video, comment, event

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
CAKE, TEA = "@9Vx+cake/w==", "@9Vx-tea=="


@pytest.fixture
def douyin() -> Iterator[DouyinServer]:
    with DouyinServer() as server:
        server.videos[CAKE] = Video("新品蛋糕", "7573000000000000456")
        server.videos[TEA] = Video("新品茶", "7573000000000000789")
        yield server


class Account:
    """The source, read on from its cursor as the monitor does."""

    def __init__(self, server: DouyinServer, data: Path, **settings: Any) -> None:
        values = {"name": "own", "kind": "douyin", "client_key": server.client_key, "url": server.url}
        self.settings = DouyinSettings.model_validate({**values, **settings})
        self.site = Site(
            base=data,
            data=data,
            zone=ZoneInfo("Asia/Shanghai"),
            variables={"DOUYIN_CLIENT_SECRET": "s3cret", "DOUYIN_REFRESH_TOKEN": "rft.first"},
        )
        self.cursor: Any = {}
        self.vault = Vault(data / "douyin" / "own.json")
        self.rejects: list[str] = []

    @property
    def source(self) -> DouyinSource:
        made = self.settings.build(self.site)
        assert made is not None
        return made

    @property
    def webhook(self) -> DouyinPush:
        return self.settings.push(self.site)

    def batch(self, now: datetime = NOW, limit: int = 100) -> Batch:
        source: DouyinSource = pickle.loads(pickle.dumps(self.source))
        batch = source.read(self.cursor, limit, now)
        self.cursor = json.loads(json.dumps(batch.cursor))
        self.rejects += [each.reason for each in batch.rejects]
        return batch

    def found(self, now: datetime = NOW) -> list[Found]:
        found: list[Found] = []
        more = True
        while more:
            batch = self.batch(now)
            found += batch.found
            more = batch.more
        return found

    def comments(self, now: datetime = NOW) -> list[str]:
        return [each.native_id for each in self.found(now) if each.kind != "video"]


@pytest.fixture
def account(douyin: DouyinServer, tmp_path: Path) -> Account:
    return Account(douyin, tmp_path)


def ids(*numbers: int) -> list[str]:
    return [f"@comment{number}==" for number in numbers]


def test_comments_come_with_the_public_number_of_their_video_and_the_videos_with_their_counts(
    douyin: DouyinServer, account: Account
) -> None:
    douyin.videos[CAKE].comments = [comment(5, AT - 60, "蛋糕发霉了")]
    found = account.found()
    [one] = [each for each in found if each.kind == "comment"]
    assert (one.platform, one.native_id, one.item_id) == ("douyin", "@comment5==", "7573000000000000456")
    assert one.url == "https://www.douyin.com/video/7573000000000000456"
    assert (one.text, one.likes, one.created_at) == ("蛋糕发霉了", 5, NOW - timedelta(seconds=60))
    videos = {each.native_id: each for each in found if each.kind == "video"}
    assert videos.keys() == {"7573000000000000456", "7573000000000000789"}
    cake = videos["7573000000000000456"]
    assert (cake.likes, cake.replies, cake.shares, cake.plays) == (7, 1, 2, 900)
    assert cake.counted_at == NOW
    assert {each.author for each in videos.values()} == set(account.settings.accounts), (
        "they are the brand's own"
    )


def test_later_only_what_is_new_is_fetched(douyin: DouyinServer, account: Account) -> None:
    douyin.videos[CAKE].comments = [comment(n, AT - 1000 * n) for n in range(1, 60)]
    assert sorted(account.comments()) == sorted(ids(*range(1, 60)))
    douyin.videos[CAKE].comments.append(comment(99, AT + 30))
    douyin.calls.clear()
    again = account.comments(NOW + timedelta(minutes=2))
    assert "@comment99==" in again
    assert len(again) <= 20
    assert douyin.calls.count("/item/comment/list/") == 2


def test_it_asks_no_more_often_than_it_should(douyin: DouyinServer, account: Account) -> None:
    account.found()
    douyin.calls.clear()
    assert account.found(NOW + timedelta(seconds=50)) == []
    assert douyin.calls == []


def test_a_long_list_is_read_in_portions_and_goes_on_after_a_restart(
    douyin: DouyinServer, account: Account
) -> None:
    douyin.videos[CAKE].comments = [comment(n, AT - n) for n in range(1, 251)]
    first = account.batch()
    assert first.more
    assert len(first.found) < 150
    assert len(set(account.comments()) | {each.native_id for each in first.found}) >= 250


def test_a_pinned_comment_does_not_end_the_reading(douyin: DouyinServer, account: Account) -> None:
    douyin.videos[CAKE].comments = [
        comment(1, AT - 90 * 86400, top=True),
        *(comment(n, AT - n) for n in range(2, 40)),
    ]
    assert len(account.comments()) == 39


def test_old_comments_are_not_dug_out_at_first(douyin: DouyinServer, account: Account) -> None:
    douyin.videos[CAKE].comments = [comment(n, AT - n * 86400) for n in range(100)]
    assert len(account.comments()) == 20


def test_named_videos_are_read_even_where_counts_are_not_granted(
    douyin: DouyinServer, tmp_path: Path
) -> None:
    account = Account(douyin, tmp_path, items=[CAKE])
    douyin.videos[CAKE].comments = [comment(1, AT - 5)]
    douyin.videos[TEA].comments = [comment(2, AT - 5)]
    douyin.refuse["/api/douyin/v1/video/video_data/"] = [28001018]
    assert account.comments() == ids(1)


def test_a_video_that_is_gone_is_reported_once_and_does_not_hold_up_the_others(
    douyin: DouyinServer, tmp_path: Path
) -> None:
    account = Account(douyin, tmp_path, items=["@gone==", CAKE])
    douyin.videos[CAKE].comments = [comment(1, AT - 5)]
    assert account.comments() == ids(1)
    account.found(NOW + timedelta(minutes=2))
    assert account.rejects == ["Douyin does not know this video"]


def test_a_comment_without_text_is_rejected_beside_the_good_ones(
    douyin: DouyinServer, account: Account
) -> None:
    douyin.videos[CAKE].comments = [comment(1, AT - 5, ""), comment(2, AT - 6)]
    assert account.comments() == ids(2)
    assert len(account.rejects) == 1


def test_an_access_token_that_ends_early_is_refreshed_and_the_call_made_again(
    douyin: DouyinServer, account: Account
) -> None:
    account.found()
    douyin.access = {"another"}
    douyin.videos[CAKE].comments = [comment(1, AT + 60)]
    assert account.comments(NOW + timedelta(minutes=2)) == ids(1)
    assert douyin.calls.count("/oauth/refresh_token/") == 2


def test_tokens_are_kept_where_only_the_bot_reads_them_and_not_in_the_cursor(
    douyin: DouyinServer, account: Account
) -> None:
    account.found()
    assert account.vault.path.stat().st_mode & 0o777 == 0o600
    kept = account.vault.load()
    assert kept.access_token in douyin.access
    for text in (json.dumps(account.cursor), repr(account.source), repr(kept), repr(account.webhook)):
        assert "rft." not in text
        assert "act." not in text
        assert "s3cret" not in text
    account.found(NOW + timedelta(hours=1))
    assert douyin.calls.count("/oauth/refresh_token/") == 1


def test_a_refresh_token_is_renewed_before_it_ends_and_used_to_its_end_when_it_cannot_be(
    douyin: DouyinServer, account: Account
) -> None:
    douyin.refresh_left = 2 * 86400
    account.found()
    account.found(NOW + timedelta(hours=1))
    assert douyin.renewals == 1
    assert account.vault.load().refresh_token == "rft.renewed1"
    douyin.refuse["/oauth/renew_refresh_token/"] = [10020]
    account.vault.change(refresh_expires=(NOW + timedelta(hours=30)).timestamp())
    assert account.found(NOW + timedelta(hours=2))
    assert douyin.calls.count("/oauth/renew_refresh_token/") == 2


def test_a_new_token_in_the_settings_replaces_what_was_kept(douyin: DouyinServer, account: Account) -> None:
    account.found()
    account.vault.change(revoked=True)
    with pytest.raises(SourceError, match="withdrawn"):
        account.found(NOW + timedelta(minutes=5))
    douyin.refresh = "rft.second"
    site = account.site
    account.site = Site(
        base=site.base, data=site.data, zone=site.zone, variables={**site.variables, "DOUYIN_REFRESH_TOKEN": "rft.second"}
    )  # fmt: skip
    assert account.found(NOW + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("code", "words", "permanent"),
    [
        (10010, "refresh token has expired", True), (2190004, "lacks the ability", True),
        (28001012, "did not grant the scope", True), (28001015, "another account", True),
        (28001056, "retired", True), (2100004, "busy", False), (28001005, "busy", False),
        (28001052, "slow down", False), (28003017, "quota", False), (99999, "code 99999", False),
    ],
)  # fmt: skip
def test_each_refusal_says_what_is_wrong_and_how_long_to_wait(
    douyin: DouyinServer, account: Account, code: int, words: str, permanent: bool
) -> None:
    douyin.refuse["/item/comment/list/"] = [code]
    with pytest.raises(SourceError, match=words) as caught:
        account.found()
    assert caught.value.permanent == permanent
    assert caught.value.wait > timedelta()
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.message, copy.permanent, copy.wait) == (str(caught.value), permanent, caught.value.wait)


def test_a_token_that_stays_invalid_ends_in_words_not_in_a_loop(
    douyin: DouyinServer, account: Account
) -> None:
    douyin.refuse["/item/comment/list/"] = [28001003] * 10
    with pytest.raises(SourceError, match="not valid"):
        account.found()
    assert len(douyin.refuse["/item/comment/list/"]) == 8


def test_an_owner_who_must_authorise_again_is_named(douyin: DouyinServer, account: Account) -> None:
    douyin.refresh = "rft.other"
    with pytest.raises(SourceError, match="authorise the app again") as caught:
        account.found()
    assert "rft" not in str(caught.value)


def test_a_server_that_is_down_or_speaks_html_is_an_error_and_not_silence(
    douyin: DouyinServer, account: Account
) -> None:
    douyin.down = 502
    with pytest.raises(SourceError, match="502"):
        account.found()
    douyin.down = 302
    with pytest.raises(SourceError, match="302"):
        account.found()
    assert "/elsewhere" not in douyin.calls, "the token went along"
    account.settings = account.settings.model_copy(update={"url": "http://127.0.0.1:9"})
    with pytest.raises(SourceError, match="cannot be reached"):
        account.found()


def test_a_damaged_file_of_keys_is_named_with_what_to_do(douyin: DouyinServer, account: Account) -> None:
    account.found()
    account.vault.path.write_text("{", encoding="utf-8")
    with pytest.raises(SourceError, match=r"own\.json cannot be read.*delete it"):
        account.found(NOW + timedelta(minutes=5))


def reply(number: int, **more: Any) -> dict[str, Any]:
    return {
        "comment_id": f"@comment{number}==", "comment_user_id": "@user==", "content": "蛋糕发霉了", "create_time": AT - 9,
        "digg_count": 3, "reply_comment_total": 0, "reply_to_comment_id": "", "reply_to_item_id": CAKE, **more,
    }  # fmt: skip


@pytest.mark.parametrize("as_text", [False, True])
def test_a_comment_that_is_sent_is_the_same_mention_as_the_polled_one(
    douyin: DouyinServer, account: Account, as_text: bool
) -> None:
    douyin.videos[CAKE].comments = [comment(5, AT - 9, digg_count=3)]
    polled = next(each for each in account.found() if each.kind == "comment")
    body, headers = event("item_comment_reply", reply(5), "s3cret", as_text=as_text)
    [sent] = account.webhook.accept(headers, body, NOW).found
    same = ("platform", "native_id", "item_id", "text", "created_at", "likes", "kind")
    assert [getattr(sent, name) for name in same] == [getattr(polled, name) for name in same]


def test_the_challenge_is_answered_in_either_form(account: Account) -> None:
    for as_text in (False, True):
        body, headers = event("verify_webhook", {"challenge": 4711}, "s3cret", as_text=as_text)
        assert account.webhook.accept(headers, body, NOW).answer == {"challenge": 4711}


def test_a_wrong_signature_is_refused_and_its_case_does_not_matter(account: Account) -> None:
    body, headers = event("item_comment_reply", reply(1), "s3cret")
    upper = headers | {"X-Douyin-Signature": headers["X-Douyin-Signature"].upper()}
    assert account.webhook.accept(upper, body, NOW).found
    for wrong in (
        {},
        {"X-Douyin-Signature": "签名\udcff"},
        event("item_comment_reply", reply(1), "other")[1],
    ):
        with pytest.raises(PushError) as caught:
            account.webhook.accept(wrong, body, NOW)
        assert caught.value.status == 401


def test_what_was_stored_is_not_taken_again_and_what_was_not_is(account: Account) -> None:
    webhook = account.webhook
    body, headers = event("item_comment_reply", reply(1), "s3cret")
    assert webhook.accept(headers, body, NOW).found
    assert webhook.accept(headers, body, NOW).found
    webhook.stored(headers)
    assert webhook.accept(headers, body, NOW).found == ()


def test_private_messages_are_not_taken(account: Account) -> None:
    body, headers = event("im_receive_msg", {"text": "你好", "message_type": "text"}, "s3cret", as_text=True)
    assert account.webhook.accept(headers, body, NOW).found == ()


def test_an_account_that_withdraws_consent_is_not_polled_any_more(
    douyin: DouyinServer, account: Account
) -> None:
    account.found()
    other, headers = event("unauthorize", {}, "s3cret", from_user_id="somebody-else")
    account.webhook.accept(headers, other, NOW)
    account.found(NOW + timedelta(minutes=2))
    body, headers = event("unauthorize", {}, "s3cret", from_user_id=OPEN_ID)
    account.webhook.accept(headers, body, NOW)
    douyin.calls.clear()
    with pytest.raises(SourceError, match="withdrawn"):
        account.found(NOW + timedelta(minutes=9))
    assert douyin.calls == []


def test_without_a_refresh_token_there_is_only_the_webhook(douyin: DouyinServer, tmp_path: Path) -> None:
    account = Account(douyin, tmp_path, refresh_token_env="")
    assert account.settings.build(account.site) is None
    assert account.settings.variables == ("DOUYIN_CLIENT_SECRET",)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    content=st.fixed_dictionaries({}, optional=dict.fromkeys((*reply(1), "challenge"), _json)) | _json,
    name=st.sampled_from(["item_comment_reply", "verify_webhook", "unauthorize", "x"]),
)
def test_no_event_breaks_the_webhook(
    tmp_path_factory: pytest.TempPathFactory, content: Any, name: str
) -> None:
    webhook = DouyinPush("own", "s3cret", Vault(tmp_path_factory.getbasetemp() / "fuzz" / "own.json"))
    try:
        body, headers = event(name, content, "s3cret")
    except TypeError:  # a number too large for the sender itself
        return
    with contextlib.suppress(PushError):
        assert len(webhook.accept(headers, body, NOW).found) <= 1
