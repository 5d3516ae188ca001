"""Behavioral tests on a model, after CheckList (Ribeiro et al. 2020, https://arxiv.org/abs/2005.04118).

``cases`` draws cases, ``askers`` asks a model, ``judge`` decides, ``run`` is the stage; ``review`` and ``suggest``
are for speakers. What a test may say is in ``vernacular.behavior_tests``.
"""
