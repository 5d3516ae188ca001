"""Run behavioral tests on a model, after CheckList (Ribeiro et al.

2020, https://arxiv.org/abs/2005.04118).

``cases`` generates cases, ``askers`` queries a model, ``judge`` decides, ``run`` is the stage;
``review`` and ``suggest`` are for speakers. The schema is in ``vernacular.behavior_tests``.
"""
