"""Labeled data and translations: readers, joins and rows. No models; tasks interpret the rows.

``labeled`` locates the data of a task, ``conll``, ``tables`` and ``parallel`` read formats, ``hub``
reads datasets; ``keyed_texts``, ``join`` and ``translation_sides`` join translations.
"""
