"""What every body of a request or an answer is."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, RootModel

Root = TypeVar("Root")


class Shape(BaseModel):
    """A model that is built when it is first used: a server starts without most of them."""

    model_config = ConfigDict(defer_build=True)


class Bare(RootModel[Root], Generic[Root]):
    """The same for a body that is no object with named fields."""

    model_config = ConfigDict(defer_build=True)
