"""Daypaper: follows the deep-learning literature and delivers what is new, once."""
