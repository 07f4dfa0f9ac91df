"""The command line behind `main.py`: options, running a workflow without a server, listings."""
