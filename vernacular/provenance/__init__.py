"""Provenance of documents and permission to use them: ledger rows, suppression list.

Takedowns are executed in ``corpus.takedown``; approvals of sources are in ``cleaning.approvals``.
"""
