"""Semantic search in a language's cleaned corpus with the released model.

``passages`` splits documents, ``encoder`` embeds text, ``index`` stores the embeddings beside the
artifacts, ``finding`` answers a query with ledger rows, ``listing`` prints them. Nothing is
trained, and nothing leaves the machine.
"""

TOP, MOST = 5, 1000  # passages in a result: default and maximum
