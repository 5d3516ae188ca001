"""Learn from translations: embeddings of a sentence and its translation become similar.

``pairs`` selects training pairs, ``objective`` is the loss added to pretraining, ``stage`` embeds
translations with the base. Files are read in ``vernacular.datasets``.
"""
