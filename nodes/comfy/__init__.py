"""Packs written for ComfyUI: finding and importing them, and what their classes mean here.

Imported only in a process that runs nodes, and only when there is a pack to load.
"""
