"""The server's side of its worker processes: starting them, choosing one for a job, noticing their death."""
