"""From results to a release: numbers, gates, model card, data statement, bundle, signature, publishing.

``results`` gathers the numbers, ``gates`` and ``waivers`` decide whether it may be published, ``card`` and
``statement`` write, ``bundle`` is the stage, ``export`` writes its models, and ``load_check`` runs them with the
calls of transformers and Sentence Transformers in a process of its own (``ecosystem``). ``attestation`` signs with
the key of ``signing_key``, ``verification`` checks, ``publish`` uploads. ``inference`` answers sentences, ``trust``
reports how often answers are right. Screens and pages are in ``vernacular.reporting``.
"""
