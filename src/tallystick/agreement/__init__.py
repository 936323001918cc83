"""The executable agreement: its schema, its rules, the gates that ask it, and the documents that it prints."""
