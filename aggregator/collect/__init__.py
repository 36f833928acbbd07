"""Collecting: whose turn it is, one attempt at one source, what of it is news, and its entries into
the store."""
