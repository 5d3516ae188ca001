"""Fairness: the same sentence with names of different groups, or in different spellings, on base and released model.

``plan`` says what ``behaviour/fairness.yaml`` may hold, ``variants`` writes the sentences, ``gaps`` compares groups and
says what became of a gap, ``run`` is the stage. What a measure cannot do is replace the judgement of those concerned.
"""
