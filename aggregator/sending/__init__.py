"""Sending what is due: claim it in the ledger, compose letters from what was claimed, hand them to
their channels (`deliver/`), and record what became of each."""
