"""MediaPipe's Face Landmarker as a baseline, where its package is installed and its model file is given.

Neither comes with sface: install ``mediapipe`` and set SFACE_FACE_LANDMARKER to the downloaded ``face_landmarker.task``.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sfcore.arkit import SHAPES
from sfcore.errors import WrongUse

VARIABLE = "SFACE_FACE_LANDMARKER"


def landmarker_file() -> Path | None:
    """The model file, or None where the variable is not set; raises `WrongUse` when it is and something is missing."""
    given = os.environ.get(VARIABLE, "")
    if not given:
        return None
    path = Path(given)
    if not path.is_file():
        raise WrongUse(f"{VARIABLE} names {given}, which is no file: give the face_landmarker.task, or unset it.")
    if importlib.util.find_spec("mediapipe") is None:
        raise WrongUse(f"{VARIABLE} is set and the package is missing: install mediapipe, or unset it.")
    return path


class FaceLandmarker:
    """Answers with MediaPipe's blendshapes.

    What it does not tell (tongue, rotations) is the ``median`` (61,) of the training labels. A picture in which it finds no
    face is answered by nan: a missing answer.
    """

    def __init__(self, model_file: Path, median: NDArray[np.float32]) -> None:
        mediapipe = importlib.import_module("mediapipe")

        vision = mediapipe.tasks.vision
        options = vision.FaceLandmarkerOptions(
            base_options=mediapipe.tasks.BaseOptions(model_asset_path=str(model_file)), output_face_blendshapes=True, num_faces=1
        )
        self._mediapipe = mediapipe
        self._landmarker = vision.FaceLandmarker.create_from_options(options)
        self._median = median
        # MediaPipe writes eyeBlinkLeft where Live Link writes EyeBlinkLeft; both mean the subject's left.
        self._place = {shape.name[0].lower() + shape.name[1:]: shape.index for shape in SHAPES}

    def predict(self, images: Sequence[bytes]) -> NDArray[np.float32]:
        """Answers encoded pictures with (n, 61) float32."""
        answers = np.full((len(images), len(self._median)), np.nan, np.float32)
        for row, image in enumerate(images):
            with Image.open(io.BytesIO(image)) as picture:
                pixels = np.ascontiguousarray(np.asarray(picture.convert("RGB")))
            shown = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=pixels)
            found = self._landmarker.detect(shown).face_blendshapes
            if found:
                answers[row] = self._median
                for category in found[0]:
                    if category.category_name in self._place:
                        answers[row, self._place[category.category_name]] = category.score
        return answers
