"""The only SQL. Modules are named for nouns, functions for questions; the caller owns the transaction."""
