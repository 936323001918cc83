"""Tallystick: records about people laid together under an agreement that the software enforces."""

__version__ = "0.1.0"
