"""What is wrong with a document."""


class DocumentError(ValueError):
    """It is no workflow, or has no canonical form; the message says what to do."""
