"""The invisible watermark of CompVis' scripts: `dwtDct` of the public package `invisible-watermark`.

`mark` is the format, with the package's own way of writing it; `robust` writes marks that last.
"""

from diffusion.watermark.mark import PictureTooSmall, embed, read
from diffusion.watermark.robust import embed_robust

__all__ = ["PictureTooSmall", "embed", "embed_robust", "read"]
