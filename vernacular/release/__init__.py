"""From results to something one can answer for: the model card, the data statement, the bundle, publishing, the report.

This module holds the stage. ``summary`` gathers the numbers, ``gates`` and ``waivers`` say whether it may be
published, ``card`` and ``statement`` write, ``bundle`` puts the folder together, ``export`` writes its models, and
``loads`` asks them by the calls of transformers and Sentence Transformers, in a process of its own (``ecosystem``).
``attestation`` signs it with the key of ``signing_key``, ``verification`` checks it, ``publish`` uploads it or says why
not, ``report`` prints it, ``page`` makes a page of it, ``try_page`` lets a person type text, ``trust`` says how far
answers can be trusted, ``marks`` keeps what that person thinks of the answers.
"""
