"""The server: HTTP, WebSocket, the durable queue and the worker process beside it. It never imports torch."""
