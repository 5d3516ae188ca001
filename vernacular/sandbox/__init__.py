"""Parse files and pages from outside in a worker process with limits on processor time, memory and output.

``reader`` sends requests, ``worker`` parses, ``frames`` is the protocol. Formats are not known
here: a caller names the function that parses.
"""
