"""What a stage is, how one is run, what of a language is stale, and processes of one stage.

Knows no concrete stage: each package declares its own in ``stages``, and ``catalog`` lists them.
"""
