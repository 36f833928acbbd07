"""A simulated month of several processes over one PostgreSQL that are killed all the time."""
