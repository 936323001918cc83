"""The pages of a share: where it stands, its ledger, the supply handed in, and the steps asked of the worker."""
