"""From results to a release: numbers, gates, model card, data statement, bundle, signature, publishing.

``results`` gathers the numbers, ``gates`` and ``waivers`` say whether it may be published, ``card`` and
``statement`` write, ``bundle`` is the stage, ``export`` writes its models, and ``load_check`` asks them by the
calls of transformers and Sentence Transformers in a process of its own (``ecosystem``). ``attestation`` signs with
the key of ``signing_key``, ``verification`` checks, ``publish`` uploads. ``inference`` answers sentences, ``trust``
says how far answers can be trusted. Screens and pages are in ``vernacular.reporting``.
"""
