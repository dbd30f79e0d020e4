"""MP4 by PyAV, which brings its own encoder: `pip install "vgps[video]"`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.animation import AbstractMovieWriter
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from vgps.report.errors import MissingEncoder

_QUALITY = {"crf": "18"}  # of H.264: lines stay clean


def require_encoder() -> None:
    """Refuse where PyAV is not installed.

    Raises:
        MissingEncoder: there.
    """
    if find_spec("av") is None:
        raise MissingEncoder(
            'an MP4 needs PyAV: pip install "vgps[video]", or ask for a .gif instead'
        )


class Mp4Writer(AbstractMovieWriter):
    """Frames of a figure as H.264, which every browser plays.  Width and height must be even."""

    def setup(self, fig: Figure, outfile: str | Path, dpi: float | None = None) -> None:
        """Open the file."""
        import av

        super().setup(fig, outfile, dpi)
        width, height = self.frame_size
        self._file = av.open(str(outfile), "w")
        self._stream: Any = self._file.add_stream("libx264", self.fps, options=_QUALITY)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"

    def grab_frame(self, **savefig_kwargs: Any) -> None:
        """Add the figure as it is now; the arguments of the interface mean nothing here."""
        import av

        canvas = self.fig.canvas
        assert isinstance(canvas, FigureCanvasAgg)  # as the stage has it
        canvas.draw()
        pixels = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :, :3])
        self._file.mux(self._stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._file.mux(self._stream.encode(None))
        self._file.close()
