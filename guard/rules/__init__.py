"""Rules: monitors for what a probe can't know, by patterns and facts. Spans go out, the matched text never does.

`run` judges a conversation for `certify` and the guard alike; `Watch` judges an answer while it streams. Each rule is one
thing with one method, `read`; a rule may remember what was said before the passage that it reads.
"""

from guard.rules.judging import RuleScore, join, remembered, run, unread
from guard.rules.registry import RULES, Rule, apart, digest, names

__all__ = ["RULES", "Rule", "RuleScore", "apart", "digest", "join", "names", "remembered", "run", "unread"]
