"""Projects and their outputs: conditions and dictionary of the extract, outputs handed in, checked by two, released."""
