"""What stands between koe and the libraries: the core's."""

from koe.api import Fence

__all__ = ["Fence"]
