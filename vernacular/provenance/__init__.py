"""Where a document came from and whether it may be used: its row of the ledger, and the suppression list.

What finds and removes a document everywhere is ``corpus.takedown``; what people decided of sources is in
``cleaning.approvals``.
"""
