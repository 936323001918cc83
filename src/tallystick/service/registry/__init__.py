"""The registry in a database: events of governance, the cases that they make, agreements by hash, shares, drafts of answers."""
