"""Sweeps on a server: accepted, fed to the queue bit by bit, shown as a grid and as a table."""
