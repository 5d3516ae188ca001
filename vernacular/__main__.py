"""``python -m vernacular`` is the command ``vernacular``."""

from vernacular.cli import main

main()
