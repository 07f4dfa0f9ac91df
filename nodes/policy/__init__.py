"""The server's policy on pictures, in the process that makes them: none leaves unchecked or unmarked.

A graph cannot go around it, because it is no node: `registry` wraps every node a picture can leave through,
`outlet` looks at every file and text such a node names, and the server hands out no file whose very bytes
were not cleared (`server.safety`). What a picture shows is judged in every way it can be seen (`views`).
"""

from nodes.policy.outlet import PolicyOutlet
from nodes.policy.registry import PolicedRegistry
from nodes.policy.screen import Screen

__all__ = ["PolicedRegistry", "PolicyOutlet", "Screen"]
