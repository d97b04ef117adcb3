"""A preview as the paper's figure has it: each picture beside the rig that its prediction drives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sfcore.errors import WorkFailed
from sfcore.predictions.row import Prediction
from sfcore.render.draw import Renderer
from sfcore.render.sheet import plain_scene
from sfcore.reports.contact_sheet import short_category
from sfcore.rigs.registry import load_rig
from sfcore.rigs.rig import Rig

_PAPER, _INK, _SOFT, _FAULT, _FRAME = (250, 249, 246), (34, 34, 38), (124, 124, 132), (170, 48, 40), (226, 224, 218)
_SIDE, _MARGIN, _GUTTER, _LEADING = 192, 24, 20, 17
_PAIRS_ACROSS = 3


@dataclass
class Kept:
    """At most ``most`` predictions with their pictures out of however many come, evenly spread over them."""

    most: int = 24
    _stride: int = 1
    _seen: int = 0
    _cells: list[tuple[Prediction, Image.Image | None]] = field(default_factory=list)

    def offer(self, prediction: Prediction, picture: Image.Image | None) -> None:
        """Takes the next one in, if its turn has come."""
        if self._seen % self._stride == 0:
            small = picture.copy() if picture is not None else None
            if small is not None:
                small.thumbnail((2 * _SIDE, 2 * _SIDE))
            self._cells.append((prediction, small))
            if len(self._cells) > self.most:
                self._cells, self._stride = self._cells[::2], self._stride * 2
        self._seen += 1

    @property
    def cells(self) -> list[tuple[Prediction, Image.Image | None]]:
        """What is kept, in order."""
        return self._cells


def preview(cells: list[tuple[Prediction, Image.Image | None]], rig: Rig, model_id: str) -> Image.Image:
    """RGB sheet: input, rig, and below them the category, the strongest channels and the file; a fault in their place."""
    renderer = Renderer(rig)
    across = max(1, min(_PAIRS_ACROSS, len(cells)))
    step_x, step_y = 2 * _SIDE + _GUTTER, _SIDE + 3 * _LEADING + _GUTTER + 6
    down = -(-len(cells) // across)
    top = _MARGIN + 36
    sheet = Image.new("RGB", (2 * _MARGIN + across * step_x - _GUTTER, top + down * step_y + _MARGIN - _GUTTER), _PAPER)
    pen = ImageDraw.Draw(sheet)
    _line(pen, (_MARGIN, _MARGIN - 4), f"{model_id}: input, and the rig driven by its prediction", 16, _INK, across * step_x)
    for at, (prediction, picture) in enumerate(cells):
        x, y = _MARGIN + at % across * step_x, top + at // across * step_y
        _paste(sheet, picture, (x, y))
        if prediction.error is None:
            scene = plain_scene(rig, np.nan_to_num(prediction.coefficients), _SIDE)
            _paste(sheet, Image.fromarray(renderer.draw(scene)), (x + _SIDE, y))
        pen.rectangle((x - 1, y - 1, x + 2 * _SIDE, y + _SIDE), outline=_FRAME)
        _words(pen, prediction, (x, y + _SIDE + 5))
    return sheet


def draw_preview(path: Path, kept: Kept, model_id: str) -> None:
    """Draws what is kept on the embedded head into a PNG; raises `WorkFailed` where it cannot be written."""
    sheet = preview(kept.cells, load_rig("procedural"), model_id)
    try:
        sheet.save(path)
    except (OSError, ValueError) as error:
        raise WorkFailed(f"cannot write {path}: {error}.") from None


def _words(pen: ImageDraw.ImageDraw, prediction: Prediction, at: tuple[int, int]) -> None:
    x, y = at
    if prediction.error is not None:
        _line(pen, (x, y), prediction.error, 13, _FAULT, 2 * _SIDE)
    else:
        said = prediction.description
        _line(pen, (x, y), short_category(said.expression_category if said else None), 13, _INK, 2 * _SIDE)
        _line(pen, (x, y + _LEADING), prediction.strongest(), 11, _SOFT, 2 * _SIDE)
    where = PurePosixPath(prediction.source).name
    where = where if prediction.t is None else f"{where} at {prediction.t:.2f} s"
    _line(pen, (x, y + 2 * _LEADING), f"{where} · {prediction.warning}" if prediction.warning else where, 11, _SOFT, 2 * _SIDE)


def _paste(sheet: Image.Image, picture: Image.Image | None, at: tuple[int, int]) -> None:
    """The picture whole, in the middle of its square."""
    if picture is None:
        return
    scale = _SIDE / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    x, y = at[0] + (_SIDE - size[0]) // 2, at[1] + (_SIDE - size[1]) // 2
    sheet.paste(picture.resize(size, Image.Resampling.LANCZOS), (x, y))


def _line(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, ink: tuple[int, int, int], width: int) -> None:
    """One line of text, cut with an ellipsis where it would leave ``width``."""
    font, text = ImageFont.load_default(size), " ".join(text.split())
    shown = text
    while text and pen.textlength(shown, font) > width:
        text = text[:-1]
        shown = f"{text.rstrip()}…"
    pen.text(at, shown, font=font, fill=ink)
