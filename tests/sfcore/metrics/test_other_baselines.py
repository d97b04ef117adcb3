"""Ridge regression on pixels, and MediaPipe's Face Landmarker where it is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from metric_worlds import World
from test_baselines import SIZE, _picture, _rows

from sfcore.arkit import INDEX
from sfcore.errors import WorkFailed, WrongUse
from sfcore.metrics.face_landmarker import VARIABLE, landmarker_file
from sfcore.metrics.figures import baseline_id, kind_of
from sfcore.metrics.ridge import fit_ridge


def test_ridge_learns_what_a_picture_shows_and_keeps_to_the_range() -> None:
    rows, _ = _rows(96, 0)
    fresh, level = _rows(64, 1)
    answer = fit_ridge(rows).predict(fresh["image"].to_pylist())
    assert answer.shape == (64, 61)
    assert np.corrcoef(answer[:, INDEX["JawOpen"]], level)[0, 1] > 0.95
    assert answer[:, INDEX["JawOpen"]].min() >= 0
    assert answer[:, INDEX["JawOpen"]].max() <= 1
    assert np.isnan(answer[:, INDEX["HeadYaw"]]).all()
    assert (answer[:, INDEX["CheekPuff"]] == 0).all()


def test_ridge_follows_from_its_rows_alone_and_answers_alike_alone_and_among_others() -> None:
    rows, _ = _rows(32, 0)
    pictures = [_picture(v, 2 * SIZE) for v in np.linspace(0, 1, 5)]
    together = fit_ridge(rows).predict(pictures)
    assert np.array_equal(together, fit_ridge(rows).predict(pictures), equal_nan=True)
    alone = np.concatenate([fit_ridge(rows).predict([picture]) for picture in pictures])
    assert np.allclose(together, alone, atol=1e-6, equal_nan=True)


def test_ridge_without_rows_is_one_sentence() -> None:
    with pytest.raises(WorkFailed, match="ridge baseline has no training row"):
        fit_ridge(World(np.zeros((0, 61)), [], np.zeros(61)).supervision())


def test_the_face_landmarker_is_asked_only_where_it_is_given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert landmarker_file() is None
    monkeypatch.setenv(VARIABLE, str(tmp_path / "absent.task"))
    with pytest.raises(WrongUse, match=r"which is no file: give the face_landmarker.task, or unset it\."):
        landmarker_file()
    (tmp_path / "face_landmarker.task").write_bytes(b"model")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "face_landmarker.task"))
    try:
        import mediapipe  # noqa: F401
    except ImportError:
        with pytest.raises(WrongUse, match="install mediapipe, or unset it"):
            landmarker_file()
    else:
        assert landmarker_file() == tmp_path / "face_landmarker.task"


def test_names_of_the_other_baselines_are_told_apart() -> None:
    assert kind_of(baseline_id("ridge", "a")) == "ridge"
    assert kind_of(baseline_id("landmarker", "a")) == "landmarker"
