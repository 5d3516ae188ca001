"""From an adapted base to a model that answers: task arithmetic, and tests of chats before and after.

No training here: conversations to learn from are a kind of task (``tasks``).
"""
