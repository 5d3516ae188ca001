"""Common Crawl: captures of chosen domains, without visiting their sites except for robots.txt.

``patterns`` are the domains, ``listing`` parses the index, ``record`` a WARC record, both in the
worker; ``client`` asks the index and the archive within a budget; ``captures`` is the state of a
fetch, beside the pages of the mirror (``sources.web.page_store``); ``permission`` asks robots.txt;
``fetch`` is the loop; ``source`` the source.
"""
