"""The web reader: pages made on the server, no script, one style sheet."""
