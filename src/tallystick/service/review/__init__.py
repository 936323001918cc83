"""Clerical review: two people judge each pair of a sample, blind to each other, a third where they differ."""
