"""How the demo model was made: data, training of its three parts, measurement and export."""
