"""Labeled data and translations: readers, joins and rows. Holds no model, and does not know what a task makes of a row.

``labeled`` knows where the data of a task lies, ``conll``, ``tables`` and ``parallel`` read formats, ``hub`` datasets;
``keyed_texts``, ``join`` and ``translation_sides`` put translations together.
"""
