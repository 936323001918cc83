"""Every process of governance as pages: a list, a case, and for each act its questions one a page, checked, then done.

Nothing here knows a particular process: states, acts, questions and rules are the core's tables.
"""
