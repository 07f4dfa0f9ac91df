"""What packs import from `comfy_execution`: building graphs while running, and asking which node runs."""
