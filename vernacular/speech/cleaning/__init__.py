"""The stage ``speech/clean``: trims silence, drops recordings and transcripts, each with its reason.

Not here: whether a file can be read (``speech.recordings``), what is held out (``speech.splits``).
"""
