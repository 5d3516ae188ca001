"""The stage ``corpus/clean``: rules on lines, documents, sources and the corpus; every reject kept with its reason.

``document_rules`` judges each document by itself, ``corpus_rules`` compares documents, ``source_drift`` compares a
source with its past, ``losses`` says how much the rules take. Which language a line is in is decided in ``langid``.
"""
