"""Faults made on purpose in merging and in the ledger: would the tests notice? See docs/checks.md."""
