"""What happened, in order, so that it cannot be quietly changed: the hash chain, sealed files, destruction."""

from tallystick.ledger.chain import Entry, Ledger, Verdict, canonical, digest
from tallystick.ledger.destruction import Certificate, certify, destroy, fingerprint
from tallystick.ledger.sealing import new_key, seal, unseal, write_secret

__all__ = [
    "Certificate",
    "Entry",
    "Ledger",
    "Verdict",
    "canonical",
    "certify",
    "destroy",
    "digest",
    "fingerprint",
    "new_key",
    "seal",
    "unseal",
    "write_secret",
]
