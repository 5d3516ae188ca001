"""``python -m vernacular`` is the command ``vernacular``."""

from vernacular.cli.main import main

main()
