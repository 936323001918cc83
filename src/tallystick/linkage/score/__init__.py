"""The native scorer: a trained Splink model applied to all candidate pairs on one machine, compiled.

`links` is the engine. `model` reads the model, `columns` the records, `blocks` finds who may be compared with whom, `kernel` and
`strings` are the compiled part.
"""

from tallystick.linkage.score.links import links
from tallystick.linkage.score.program import NotKnown

__all__ = ["NotKnown", "links"]
