"""What works and yet gains little: rules that name the reason, and the text, steps or labels from which on it pays.

``rules`` has a function for each case; stages call it with what they measured, ``vernacular.forecast`` with a
forecast. A figure in a rule names the page under docs/ that it was measured on. What is wrong is a ``Problem`` or a
gate.
"""
