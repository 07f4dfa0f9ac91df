"""Figures for people: metrics, traces, what running took, the machine, the log."""
