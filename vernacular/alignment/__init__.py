"""Translations: pairs of sentences that say the same in the language and in a language of the base.

``keyed`` reads texts with the keys that name them, ``join`` joins two sides by key, ``pairs`` gives the pairs that may
be learned from, and those of held-out documents; ``learned`` is what the stage keeps of them, ``objective`` the loss
that pretraining adds, ``stage`` the stage.
"""
