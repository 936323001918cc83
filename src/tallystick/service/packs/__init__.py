"""A local board's performance packs: returns handed in, packs built, looked at, compared and published on their day.

What a page shows is the share's: its memorandum, its series, its packs and its ledger.
"""
