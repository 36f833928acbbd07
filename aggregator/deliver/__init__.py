"""Ways out: one file for each channel, all of them in `CHANNELS`."""
