"""The tagger at work on the store: tagging what waits, learning from people's words, explaining, and
ranking for one person."""
