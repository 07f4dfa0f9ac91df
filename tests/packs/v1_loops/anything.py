"""The type that fits every socket, made the way packs make it."""


class AnyType(str):
    """Differs from nothing."""

    def __ne__(self, other):
        return False


ANY = AnyType("*")
