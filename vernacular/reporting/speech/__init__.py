"""What people read of models that transcribe: the screen, the page, examples. Computes no score.

Figures come from the results of the stages of ``vernacular.speech``.
"""
