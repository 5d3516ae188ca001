"""Run the command line: ``python -m vernacular`` equals ``vernacular``."""

from vernacular.cli.main import main

main()
