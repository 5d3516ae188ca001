"""Words, code points, scripts, normal forms, spelling, URLs and private data: pure functions on text.

Judges no document; rules that drop text are in ``cleaning``, and what tells languages apart is in ``langid``.
"""
