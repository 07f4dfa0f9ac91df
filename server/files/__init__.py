"""Files by names that clients give: the only place where such names become paths."""
