"""Workflows as versioned, callable things, as the API has them."""
