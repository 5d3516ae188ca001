"""Extend a base model's tokenizer with tokens of the language, and start their rows. Trains no weight of the base.

``learn`` finds candidate tokens; ``wordpiece``, ``bpe`` and ``unigram`` add them to their family's tokenizer so that
the base stays itself, and ``families`` chooses among the three; ``mixtures`` and ``initialise`` make the new rows,
which ``lexicon`` takes from translations and ``distil`` trains; ``known`` has the words that guard the base; ``trim``
drops tokens that no text calls for; ``measure`` counts the result; ``extend`` is the stage.
"""
