"""Contact sheets, as pictures."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from report_examples import picture, supervision

from sfcore.errors import WorkFailed
from sfcore.reports.contact_sheet import contact_sheet, short_category
from sfcore.store.schemas import SCHEMAS


def test_every_picture_is_on_the_sheet() -> None:
    rows = supervision(count=7)
    sheet = contact_sheet(rows, columns=3)
    assert sheet.mode == "RGB"
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    pixels = np.asarray(Image.open(buffer))
    flat = {tuple(colour) for colour in pixels.reshape(-1, 3)}
    for image in rows["image"].to_pylist():
        corner = Image.open(io.BytesIO(image)).getpixel((0, 0))
        assert corner in flat
    # Three lines of three: about square, a little taller for the words.
    assert 0.9 < sheet.height / sheet.width < 1.9


def test_words_change_the_sheet_and_the_same_rows_give_the_same_bytes() -> None:
    smile, frown = (contact_sheet(supervision(count=2, caption=word), 2).tobytes() for word in ("smile", "frown"))
    assert smile != frown
    assert smile == contact_sheet(supervision(count=2, caption="smile"), 2).tobytes()
    assert (
        contact_sheet(supervision(count=2), 2, title="a title of its own").tobytes()
        != contact_sheet(supervision(count=2), 2).tobytes()
    )


def test_long_names_are_cut_inside_their_cell() -> None:
    short = contact_sheet(supervision(count=1, caption="m", identity="m"), 1, title="m")
    long = contact_sheet(supervision(count=1, caption="m" * 400, identity="m" * 400), 1, title="m" * 400)
    assert short.size == long.size
    margin = np.asarray(long)[:, -20:]
    assert (margin == margin[0, 0]).all()


def test_pictures_of_several_sizes_share_a_sheet() -> None:
    rows = pa.concat_tables([supervision(count=1), supervision(count=1, image=picture(5, 300, 200, "JPEG"))])
    sheet = contact_sheet(rows, 8)
    assert sheet.width > 600


def test_nothing_to_show_and_broken_pictures_are_one_sentence() -> None:
    with pytest.raises(WorkFailed, match="needs at least one picture"):
        contact_sheet(SCHEMAS["supervision"].empty_table(), 3)
    with pytest.raises(WorkFailed, match=r"picture of sample 0{32} cannot be read"):
        contact_sheet(supervision(count=1, image=b"broken"), 3)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("felt smile: both lip corners", "felt smile"),
        ("surprise, slight", "surprise"),
        ("neutral (nothing moves)", "neutral"),
        ("  pain – strong", "pain"),
        ("eye-roll", "eye-roll"),
        ("", "no description"),
        (None, "no description"),
    ],
)
def test_the_first_words_of_a_category(text: str | None, short: str) -> None:
    assert short_category(text) == short
