"""`main.py workflows ...`: one file a command."""
