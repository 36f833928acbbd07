"""Tagging: title and abstract -> tokens -> features -> calibrated probabilities -> tags."""
