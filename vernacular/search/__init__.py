"""Search by meaning in a language's cleaned corpus, with the released model: passages, their embeddings, the nearest.

``passages`` parts documents, ``encoder`` embeds text, ``index`` keeps the embeddings of a corpus beside the artifacts,
``finding`` answers a query with rows of the ledger, ``listing`` prints them. Nothing here trains or leaves the machine.
"""

TOP, MOST = 5, 1000  # passages of an answer: shown by default, and at most
