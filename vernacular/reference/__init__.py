"""The reference of settings: every key of language.yaml and the files beside it, read from the settings classes.

``keys`` walks over the classes, ``types`` puts types and values into words, ``page`` writes docs/reference, ``lookup``
finds what ``vernacular explain`` is asked for. No description is written here: those are in the classes.
"""
