"""What each setting does: every key of language.yaml and the files beside it, read from the settings classes.

``keys`` walks over the classes, ``types`` describes types and values, ``lookup`` and ``answer`` serve ``vernacular
explain``. Descriptions are written in the settings classes, pages in ``vernacular.reference``.
"""
