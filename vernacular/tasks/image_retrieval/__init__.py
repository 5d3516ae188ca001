"""Retrieval of pictures by text, and classes of pictures by their names.

``kind`` defines the tasks, ``characters`` is the baseline, ``ranking`` scores, ``vectors`` embeds the
pictures. Pictures are read in ``vernacular.datasets``, models of pictures
loaded in ``vernacular.modeling``.
"""
