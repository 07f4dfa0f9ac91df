"""Typed node graphs: specs, validation, keys, cache, execution, events. Standard library and networkx."""
