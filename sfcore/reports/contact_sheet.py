"""Contact sheets: many pictures on one page, each with what it shows and whose face it is, so that people can look."""

from __future__ import annotations

import io
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from sfcore.errors import WorkFailed

if TYPE_CHECKING:
    import pyarrow as pa

_PAPER, _INK, _SOFT, _FRAME = (250, 249, 246), (34, 34, 38), (124, 124, 132), (226, 224, 218)
_MARGIN, _GUTTER, _LEADING = 28, 16, 18
_TITLE_SIZE, _NAME_SIZE, _NOTE_SIZE = 24, 14, 12
_LEAST_CELL = 128
"""Smaller pictures are enlarged to this width, or the words below them would not fit."""

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def short_category(text: str | None) -> str:
    """The first words of an expression category, up to its first separator: 'felt smile: lip corners ...' -> 'felt smile'."""
    first = re.split(r"[:;,.(–—\n]", (text or "").strip(), maxsplit=1)[0].strip()
    return first or "no description"


def contact_sheet(rows: pa.Table, columns: int, title: str = "") -> Image.Image:
    """Draws supervision rows (image, expression_category, identity, domain, dataset) into ``columns`` columns, in their order.

    Without a ``title`` the sheet counts pictures, identities and domains itself. Returns an RGB picture; raises `WorkFailed` when
    there is no row or a picture cannot be read.
    """
    cells = rows.select(["sample_id", "image", "expression_category", "identity", "domain", "dataset"]).to_pylist()
    if not cells:
        raise WorkFailed("a contact sheet needs at least one picture and the table has none: run supervise first.")
    columns = max(1, min(columns, len(cells)))
    pictures = [_picture(cell) for cell in cells]
    width = max(_LEAST_CELL, *(picture.width for picture in pictures))
    height = max(picture.height * width // picture.width for picture in pictures)
    step_x, step_y = width + _GUTTER, height + 2 * _LEADING + _GUTTER + 6
    top = _MARGIN + _TITLE_SIZE + 20
    lines = math.ceil(len(cells) / columns)
    size = (2 * _MARGIN + columns * step_x - _GUTTER, top + lines * step_y - _GUTTER + _MARGIN)
    sheet = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(sheet)
    _line(pen, (_MARGIN, _MARGIN - 4), title or _own_title(cells), _font(_TITLE_SIZE), _INK, size[0] - 2 * _MARGIN)
    for index, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
        x, y = _MARGIN + index % columns * step_x, top + index // columns * step_y
        shown = picture.resize((width, picture.height * width // picture.width), Image.Resampling.LANCZOS)
        sheet.paste(shown, (x, y))
        pen.rectangle((x - 1, y - 1, x + width, y + shown.height), outline=_FRAME)
        _line(pen, (x, y + height + 5), short_category(cell["expression_category"]), _font(_NAME_SIZE), _INK, width)
        _line(pen, (x, y + height + 5 + _LEADING), cell["identity"], _font(_NOTE_SIZE), _SOFT, width)
    return sheet


def _own_title(cells: list[dict[str, Any]]) -> str:
    identities, domains = len({cell["identity"] for cell in cells}), Counter(cell["domain"] for cell in cells)
    faces = f"{identities} {'identity' if identities == 1 else 'identities'}"
    return f"{cells[0]['dataset']}  ·  {len(cells)} pictures  ·  {faces}  ·  {', '.join(sorted(domains))}"


def _picture(cell: dict[str, Any]) -> Image.Image:
    try:
        with Image.open(io.BytesIO(cell["image"])) as picture:
            return picture.convert("RGB")
    except OSError:
        raise WorkFailed(f"the picture of sample {cell['sample_id']} cannot be read: run supervise for it again.") from None


def _font(size: int) -> _Font:
    return ImageFont.load_default(size)


def _line(pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, font: _Font, ink: tuple[int, int, int], width: int) -> None:
    """One line of text, cut with an ellipsis where it would leave ``width``."""
    text = " ".join(text.split())
    if pen.textlength(text, font) > width:
        while text and pen.textlength(f"{text}…", font) > width:
            text = text[:-1]
        text = f"{text.rstrip()}…"
    pen.text(at, text, font=font, fill=ink)
