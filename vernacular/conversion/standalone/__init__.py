"""Files that ``vernacular export`` copies into a folder: ``serve.py``, and a ``model.py`` for each format.

They import nothing of Vernacular, torch or transformers. ``worker`` runs them for the gate and the card.
"""
