"""Chinese sentiment: text to score, with the words that made it. The only user of jieba and SnowNLP."""

from bot.sentiment.score import Reason, Score, Scorer
from bot.sentiment.segment import Segmenter

__all__ = ["Reason", "Score", "Scorer", "Segmenter"]
