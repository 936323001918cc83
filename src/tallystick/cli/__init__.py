"""The `tally` command: reads arguments, calls one function a verb, prints, and exits with the right code."""
