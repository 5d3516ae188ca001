"""The stage ``speech/splits``: train, dev, test and held-out speakers in turn; states what the parts share.

Not here: which utterances are good enough (``speech.cleaning``).
"""
