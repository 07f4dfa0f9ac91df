"""What clients hear: ComfyUI's messages, their sockets, and the log of events that lets them catch up."""
