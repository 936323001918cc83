"""Supplies: a supplier's file is read, held against its contract, and split into identifiers and attributes.

`take` is the whole way, for the door; the parts are for those who need one alone.
"""

from tallystick.supply.contract import Column, Contract
from tallystick.supply.page import page
from tallystick.supply.profile import Profile
from tallystick.supply.read import read
from tallystick.supply.split import Split, split
from tallystick.supply.taking import Report, Taken, take

__all__ = ["Column", "Contract", "Profile", "Report", "Split", "Taken", "page", "read", "split", "take"]
