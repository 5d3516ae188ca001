"""Models that people start from, and which one to take first for a language, a task and a memory.

``candidates.yaml`` is the maintained table: facts with their sources, read by ``table``. ``languages`` reads what a
candidate knows of a language, ``fit`` the memory that it needs, ``ranking`` the order, ``fertility`` measures
tokenizers of candidates on this machine, ``advice`` puts this together. Loading and training is in ``modeling``.
"""
