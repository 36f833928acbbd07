"""Everything that reads what comes from outside, fed with damaged samples: `python -m tests.fuzz`."""
