"""The stage ``speech/recordings``: reads recordings and transcripts from outside, writes utterances and the ledger.

Not here: what drops or trims an utterance that could be read (``speech.cleaning``).
"""
