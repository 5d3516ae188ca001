"""What a behavioral test is: its YAML, the changes that it makes to a line, word lists, and what speakers marked.

Nothing here asks a model; that is in ``vernacular.evaluation.behavior``.
"""
