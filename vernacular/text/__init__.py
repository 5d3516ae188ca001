"""Words, code points, scripts, normal forms, spelling, URLs and private data: pure functions on text.

Rules that drop text are in ``cleaning``; language identification is in ``langid``.
"""
