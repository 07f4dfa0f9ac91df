"""What runs came to, told to those who follow them: sweeps, webhooks, streams."""
