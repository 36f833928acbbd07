"""HTTP outwards: `client.py` is the only client. The others say where it may connect to, how politely,
what an answer means, and when one takes too long."""
