"""What is left of the promises when upstreams misbehave: each fault on each kind of source."""
