"""Extend a base model's tokenizer with tokens of the language, and initialize their rows.

``candidates`` finds tokens; ``wordpiece``, ``bpe`` and ``unigram`` add them so that base-language
text is segmented as before, and ``families`` dispatches among the three; ``mixtures`` and
``embedding_init`` make the new rows, which ``lexicon`` takes from translations and
``token_distillation`` trains; ``guard_words`` are words of the base's languages; ``trim`` drops
unused tokens; ``fertility`` measures the result; ``extend`` is the stage. No weight of the base is
trained.
"""
