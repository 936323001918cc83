"""A share from supply to extract: the rooms on disk, and one module for each door between them."""
