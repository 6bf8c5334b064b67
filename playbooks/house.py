"""Where a message house begins: one line that everything hangs from, and three that carry it, by stance.

The shape is the message map of risk communication: three messages, short enough to be said in one breath (Covello 2002). The
words are only a start: gaps have to be filled, and nothing of it is agreed until somebody agrees on it.
"""

from __future__ import annotations

from collections.abc import Mapping

from playbooks.checking import Strict
from playbooks.stance import Strategy


class Start(Strict):
    """The core message and the three key messages to start from, in Chinese and English."""

    zh: tuple[str, str, str, str]
    en: tuple[str, str, str, str]

    def said(self, place: int, language: str) -> str:
        """One of them in a room's language. `place`: 0 for the core message."""
        return (self.en if language == "en" else self.zh)[place]


STARTS: Mapping[Strategy, Start] = {
    Strategy.INFORM: Start(
        zh=(
            "大家最需要知道的，我们先说清楚。",
            "现在请这样做：【请填写：一个动作】。",
            "已经查明：【请填写：已确认的事实】。",
            "下一次说明：【请填写：时间】。",
        ),
        en=(
            "First we say what you need to know.",
            "What to do now: [please fill in: one thing].",
            "What is certain: [please fill in: confirmed facts].",
            "Next update: [please fill in: when].",
        ),
    ),
    Strategy.DENY: Start(
        zh=(
            "这个说法不属实，证据谁都可以核对。",
            "事实是：【请填写：经核实的事实】。",
            "证据：【请填写：可以公开查证的材料】。",
            "有疑问请找我们核对：【请填写：渠道】。",
        ),
        en=(
            "This is not so, and anybody can check the evidence.",
            "The fact is: [please fill in: what was checked].",
            "The evidence: [please fill in: what anybody can look up].",
            "Check it with us: [please fill in: where].",
        ),
    ),
    Strategy.DIMINISH: Start(
        zh=(
            "出了问题，我们正在处理，受影响的由我们补偿。",
            "影响到：【请填写：谁、多少】。",
            "现在可以：【请填写：替代办法】。",
            "补偿办法：【请填写：给谁、怎么补】。",
        ),
        en=(
            "Something failed. We are on it, and make it good for those affected.",
            "It affects: [please fill in: whom, how many].",
            "Meanwhile: [please fill in: another way].",
            "We make it good: [please fill in: for whom, how].",
        ),
    ),
    Strategy.REBUILD: Start(
        zh=(
            "这是我们的责任，我们负责到底。",
            "先顾人：【请填写：怎么联系、怎么补偿受影响的用户】。",
            "已经停下：【请填写：停售、下架或停业的范围】。",
            "查清就公布：【请填写：下一次说明的时间】。",
        ),
        en=(
            "This is our responsibility, and we see it through.",
            "People first: [please fill in: how those affected are reached and compensated].",
            "What has stopped: [please fill in: sales, listings, shops].",
            "We publish what we find: [please fill in: when the next update comes].",
        ),
    ),
}
