"""What the server remembers of every run, so that its pictures can be made again (`workflows.provenance`)."""
