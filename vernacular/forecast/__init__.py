"""Forecast the cost of a run: text, steps, minutes, memory and disk, each as a range.

``text`` counts the text, ``speed`` times a few real steps on this machine, ``amounts`` is the work
of each stage, ``cost`` combines them, ``remarks`` reports what will gain little. A forecast does
not affect a run.
"""
