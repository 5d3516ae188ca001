"""Extend a base model's tokenizer with tokens of the language, and start their rows. Trains no weight of the base.

``candidates`` finds tokens; ``wordpiece``, ``bpe`` and ``unigram`` add them so that the base's own text is cut as
before, and ``families`` chooses among the three; ``mixtures`` and ``embedding_init`` make the new rows, which
``lexicon`` takes from translations and ``token_distillation`` trains; ``guard_words`` are words of the base's
languages; ``trim`` drops tokens that no text needs; ``fertility`` counts the result; ``extend`` is the stage.
"""
