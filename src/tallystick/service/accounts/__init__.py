"""People who sign in, the organisations that they act for, and in which roles."""
