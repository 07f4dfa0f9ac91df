"""The worker's side: the process that runs graphs, one job after the other or a few at once."""
