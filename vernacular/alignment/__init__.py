"""Learning from translations: a sentence and its translation get embeddings that are near each other.

``pairs`` chooses what may be learned from, ``objective`` is the loss that pretraining adds, ``stage`` embeds the
translations with the base. Files of translations are read in ``vernacular.datasets``.
"""
