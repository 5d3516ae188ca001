"""The door to files."""
