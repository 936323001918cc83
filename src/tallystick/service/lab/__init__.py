"""The Justice Data Lab's pages: a provider's request from its first question to the destruction of its cohort, and what is public.

Everything is in the share: the request in its file, what happened in its ledger. What a page shows is read from there.
"""
