"""Behavioural tests: what must hold of a model's answers, said as data in ``behaviour/*.yaml`` of a language folder.

``schema`` says what may be written, ``load`` reads it, ``operators`` change lines, ``cases`` draws them, ``judge``
decides, ``run`` is the stage. After CheckList (Ribeiro et al. 2020, https://arxiv.org/abs/2005.04118).
"""
