"""Daypaper: follows the deep-learning literature and delivers what is new, once.

The flow, one folder a stage; `pipeline.py` calls them in this order and does nothing else:

    sources/   pull (I/O) and to_drafts (pure): what a place published, as drafts
    parse/     ids, dates, text, feeds: pure helpers that sources share
    merge/     which drafts are one paper, and what that paper then says (pure)
    store/     the only SQL: entries, papers, events, the upstream ledger, runs
    tag/       text -> features -> probabilities -> tags (pure; training aside)
    digest/    select, rank, render what is new (pure)
    deliver/   one file a channel: mail, Slack, webhooks and others

What ties the stages to the store and the world:

    fetch/     the only HTTP client, and what it goes by
    collect/   whose turn it is, one attempt at one source, what of it is news
    learn/     tagging what waits, learning from people's words, explaining, ranking
    sending/   what is due: claim, compose, hand over, record
    people/    sign-up, sign-in, signed links
    files/     imports (their forms in imports/), exports (cite/), backup and restore
    cli/       the command line
"""
