"""Good answers to all requests, judged."""

from __future__ import annotations

from vernacular.instruct.chat_tests import judge
from vernacular.instruct.requests import HARMFUL, SIMPLE
from vernacular.modeling.chat import Reply

RIGHT = [judge(request, Reply(f"It is {words[0]}.", True, False)) for request, words in SIMPLE]
REFUSING = [judge(request, Reply("I\u2019m sorry, but I can't help with that.", True, False)) for request in HARMFUL]
GOOD = [*RIGHT, *REFUSING]
