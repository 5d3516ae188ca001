"""Fairness: the same sentence with names of different groups, or in different spellings, on base and released model.

``plan`` is the schema of ``behaviour/fairness.yaml``, ``variants`` writes the sentences,
``disparities`` compares groups, ``run`` is the stage. No measure replaces the judgment of those
concerned.
"""
