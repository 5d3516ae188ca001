"""Files and pages from outside, parsed in a worker process with limits on processor time, memory and output.

``reader`` is the side that asks, ``worker`` the process that parses, ``frames`` what passes between
the two. Which formats there are is known elsewhere: a caller names the function that parses.
"""
