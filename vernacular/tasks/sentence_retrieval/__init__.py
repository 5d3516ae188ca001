"""Finding the translation of a sentence among many."""
