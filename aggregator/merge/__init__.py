"""Which entries are one paper, and what that paper then says: pure decisions.

entries.combine   a draft meets the stored entry of the same key
match.cluster     which entries speak of the same work
merge.merge       what a paper says, field by field, with provenance
plan.plan         all of that for one page: the changes for the store to make
"""
