"""Jobs: rows in a database, their order, handing them out, and what becomes of them."""
