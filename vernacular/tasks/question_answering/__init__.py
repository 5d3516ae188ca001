"""Questions whose answer stands in a text."""
