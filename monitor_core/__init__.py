"""Bellwether: monitoring for machine-learning models in production."""
