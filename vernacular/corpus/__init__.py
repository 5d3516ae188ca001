"""The corpus: text in, its ledger, and the parts that training and evaluation may see.

``ingest`` reads sources into the ledger, ``splits`` divides what ``vernacular.cleaning`` left, ``verify`` makes the
corpus again and compares. How a document is judged is in ``cleaning`` and ``langid``.
"""
