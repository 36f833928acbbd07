"""What is new, selected, ranked and rendered; pure."""
