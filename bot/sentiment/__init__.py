"""Chinese sentiment: text to score, with the words that made it. The only user of jieba and SnowNLP."""

from bot.sentiment.result import Reason, Score
from bot.sentiment.score import Scorer
from bot.sentiment.second import Engine, SnowNlpScorer
from bot.sentiment.segment import Segmenter

__all__ = ["Engine", "Reason", "Score", "Scorer", "Segmenter", "SnowNlpScorer"]
