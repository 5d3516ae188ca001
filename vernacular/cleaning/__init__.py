"""The stage ``corpus/clean``: rules on lines, documents, sources and the corpus; rejects are stored with reasons.

``document_rules`` judges single documents, ``corpus_rules`` compares documents, ``source_drift``
compares a source with its past, ``losses`` measures what the rules drop. Language identification is
in ``langid``.
"""
