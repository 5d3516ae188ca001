"""The definition of a stage, running stages, staleness, and processes of one stage.

No concrete stage is known here: each package declares its own in ``stages``, and ``catalog`` lists
them.
"""
