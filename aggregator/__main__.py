"""`python -m aggregator` is `daypaper`."""

from aggregator.cli import main

main()
