"""What Vernacular's speed and care come to, as numbers: ``make bench [ONLY=name]``.

A module for each group of figures; ``registry`` holds what all share. Each figure measures the real stages on real text
in a temporary folder; where the text is not there, it is skipped with the reason. Nothing of the library imports this.
"""
