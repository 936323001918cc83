"""Series that hold no personal data: read, defined, tested for real change, and put into one pack for a board."""
