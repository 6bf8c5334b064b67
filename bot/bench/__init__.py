"""Claims about time, measured: each beside a baseline in the same run, since no two machines are alike."""

from bot.bench.figures import BenchError
from bot.bench.report import Report, run

__all__ = ["BenchError", "Report", "run"]
