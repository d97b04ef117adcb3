"""Recipes: one YAML file names everything that shapes a result; its digest goes into every row made with it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sfcore.errors import WrongUse, nearest
from sfcore.randomness import digest

_FILE_NAME, _SMALL_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", r"^[a-z0-9][a-z0-9-]*$"
_ALLOWED = {
    _FILE_NAME: "use letters of English, digits, '_', '.' and '-'",
    _SMALL_NAME: "use small letters of English, digits and '-'",
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PriorLabels(_Part):
    """Labels drawn from the coefficient prior, for those who have no recording yet."""

    takes: int = Field(8, ge=1, description="number of takes to draw")
    frames: int = Field(60, ge=2, description="frames in each take")


class PerturbedLabels(_Part):
    """Copies of each take in which the channels that it rarely uses are used; for learning alone, never held out."""

    copies: int = Field(1, ge=1, le=20, description="perturbed copies of each take")
    strength: float = Field(0.8, gt=0, le=1, description="peak of what is added, 1 being a channel's whole range")


class Labels(_Part):
    """Which labels the run learns from: all of a dataset, and what a source or the prior adds to it before."""

    dataset: str = Field("demo", min_length=1, pattern=_FILE_NAME, description="name of the labels")
    source: str | None = Field(
        None, description="recordings to bring in first: a file, folder, pattern, archive or s3:// address"
    )
    prior: PriorLabels | None = Field(None, description="draw these takes from the coefficient prior first")
    test_share: float = Field(0.2, gt=0, lt=0.9, description="share of each take's time held out, in contiguous stretches")
    stretch_seconds: float = Field(8.0, gt=0, description="length of one held-out stretch of a take")
    guard_seconds: float = Field(0.5, ge=0, description="time left unused on both sides of a held-out stretch")
    max_frames: int | None = Field(None, ge=8, description="thin the dataset evenly to this many frames; none means every frame")
    mirror: bool = Field(False, description="turn takes of the source over: left becomes right")
    neutral: str = Field("none", description="subtract a resting face: a frame's number, 'auto' or 'none'")
    rotation: Literal["auto", "radians", "degrees"] = Field("auto", description="unit of the source's rotations")
    fps: float | None = Field(None, gt=0, le=1000, description="frames a second of sources that do not say")
    names: tuple[str, ...] | None = Field(None, min_length=10, description="names of a source's columns that has none, in order")
    video: bool = Field(True, description="take pictures from a video beside a recording")
    perturb: PerturbedLabels | None = Field(None, description="add takes that widen what a recording covers")

    @field_validator("neutral")
    @classmethod
    def _rests(cls, neutral: str) -> str:
        if neutral not in ("auto", "none") and not (neutral.isascii() and neutral.isdigit() and len(neutral) < 13):
            raise ValueError(f"'{neutral}' is no resting face: give a frame's number, 'auto' or 'none'")
        return neutral

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.source and self.prior:
            raise ValueError("labels.source and labels.prior exclude each other: a dataset of recordings holds no drawn takes")
        return self


LightKind = Literal["overcast", "sun", "studio", "window", "indoor", "flash", "neon"]
BackgroundKind = Literal["plain", "gradient", "discs", "room", "foliage", "stripes", "pattern"]
DrawingStyle = Literal["cel", "soft", "flat", "pencil", "poster"]


class Faces(_Part):
    """Which faces show the labels, and how they are photographed."""

    rigs: dict[str, float] = Field(
        {"procedural": 1.0}, min_length=1, description="rigs that are posed and drawn, each with its weight among the pictures"
    )
    test_rigs: dict[str, float] | None = Field(
        None, min_length=1, description="rigs of the held-out pictures; none means those of 'rigs' that are more than one person"
    )
    train_identities: int = Field(64, ge=1, description="different faces among the training pictures")
    test_identities: int = Field(16, ge=1, description="different faces among the held-out pictures, none of them in training")
    size: int = Field(96, ge=32, le=1024, description="width and height of a picture in pixels")
    cartoon_share: float = Field(0.25, ge=0, le=1, description="share of identities that are stylised; 0 means none")
    drawn_share: float = Field(0.08, ge=0, le=1, description="share of the pictures of all others that are drawings too; 0: none")
    drawing_styles: dict[DrawingStyle, float] = Field(
        {"cel": 0.34, "soft": 0.22, "flat": 0.18, "pencil": 0.14, "poster": 0.12},
        min_length=1,
        description="how drawings are drawn, each style with its weight",
    )
    make_up_share: float = Field(0.35, ge=0, le=1, description="share of grown women who wear make-up; 0 means none")
    beard_share: float = Field(0.35, ge=0, le=1, description="share of grown men with a beard or a moustache; 0 means none")
    glasses_share: float = Field(0.12, ge=0, le=1, description="share of pictures with glasses; 0 means none")
    headwear_share: float = Field(0.06, ge=0, le=1, description="share of pictures with cap, headband or headset; 0 means none")
    occluder_share: float = Field(
        0.05, ge=0, le=1, description="share of pictures with hand or microphone before the face; 0: none"
    )
    occluder_hides: float = Field(0.25, gt=0, le=0.6, description="largest share of the face that hand or microphone may hide")
    head_motion: bool = Field(True, description="draw a head pose where the recording knows none")
    framing: bool = Field(True, description="vary the camera's distance and how much it shows; off means one portrait")
    light: bool = Field(True, description="vary light direction, strength and colour; off means one frontal light")
    lights: dict[LightKind, float] = Field(
        {"overcast": 0.2, "sun": 0.16, "studio": 0.2, "window": 0.16, "indoor": 0.16, "flash": 0.06, "neon": 0.06},
        min_length=1,
        description="families of light, each with its weight",
    )
    background: bool = Field(True, description="vary the background; off means one grey")
    backgrounds: dict[BackgroundKind, float] = Field(
        {"plain": 0.12, "gradient": 0.16, "discs": 0.24, "room": 0.2, "foliage": 0.16, "stripes": 0.06, "pattern": 0.06},
        min_length=1,
        description="kinds of background, each with its weight",
    )
    noise: bool = Field(True, description="vary exposure, sharpness and noise of the sensor; off means a perfect one")
    colour_cast_share: float = Field(0.25, ge=0, le=1, description="share of pictures with a wrong white balance; 0 means none")
    motion_blur_share: float = Field(0.08, ge=0, le=1, description="share of pictures blurred by motion; 0 means none")
    defocus_share: float = Field(0.08, ge=0, le=1, description="share of pictures out of focus; 0 means none")
    vignette_share: float = Field(0.15, ge=0, le=1, description="share of pictures with darker corners; 0 means none")
    jpeg_share: float = Field(0.3, ge=0, le=1, description="share of pictures that went through a JPEG file; 0 means none")

    @field_validator("rigs", "test_rigs")
    @classmethod
    def _weighed(cls, rigs: dict[str, float] | None) -> dict[str, float] | None:
        for name, weight in (rigs or {}).items():
            if not 0 < weight < float("inf"):
                raise ValueError(f"the weight of rig '{name}' is {weight}: give a number above 0, or leave the rig out")
        return rigs

    @field_validator("drawing_styles", "lights", "backgrounds")
    @classmethod
    def _possible(cls, weights: dict[str, float]) -> dict[str, float]:
        for name, weight in weights.items():
            if not 0 < weight < float("inf"):
                raise ValueError(f"the weight of '{name}' is {weight}: give a number above 0, or leave it out")
        return weights


WORDING_OF_TEACHER: tuple[str, ...] = ("model", "revision", "temperature", "max_tokens", "answers")
"""The fields of `Teacher` that decide which captions come out."""


class Teacher(_Part):
    """Which language model writes captions, how much it is asked, and what it costs; where it answers is the environment's."""

    model: str | None = Field(None, min_length=1, description="its name at the endpoint; none means SFACE_TEACHER_MODEL")
    revision: str = Field("", description="which weights the name stands for, where that is known")
    temperature: float = Field(0.7, ge=0, le=2, description="how freely it words")
    max_tokens: int = Field(700, ge=100, description="longest answer")
    answers: int = Field(3, ge=1, le=10, description="answers asked for one caption before the grammar writes it")
    concurrency: int = Field(8, ge=1, le=256, description="calls under way at once from each worker")
    timeout_s: float = Field(60, gt=0, description="seconds one call may take in all")
    retries: int = Field(5, ge=0, le=20, description="further calls for one answer after 429, 5xx, time-outs and broken answers")
    first_wait_s: float = Field(0.5, ge=0, description="wait before the first of them; it doubles; an endpoint may ask for more")
    longest_wait_s: float = Field(60, gt=0, description="longest wait between two calls, also where the endpoint asks for more")
    error_budget: float = Field(0.5, ge=0, le=1, description="share of captions it may fail to write before the run stops")
    price_in: float = Field(0, ge=0, description="price of a million tokens read")
    price_out: float = Field(0, ge=0, description="price of a million tokens written")


class Supervision(_Part):
    """How labels become pictures with descriptions."""

    variants: int = Field(1, ge=1, description="pictures made of each label, each with another face, light and wording")
    file_mib: float = Field(128, ge=1, le=1024, description="largest Parquet file, in MiB by the weight of such pictures")
    least_files: int = Field(
        64, ge=1, description="files a plan has at least, so that workers share it: small plans, small files"
    )
    rows_per_file: int | None = Field(
        None, ge=1, description="samples in one Parquet file; none means by file_mib and least_files"
    )
    files_per_wave: int = Field(2, ge=1, description="files added to the table in one commit")
    image_format: Literal["webp", "jpeg", "png"] = Field("webp", description="how pictures are stored")
    image_quality: int = Field(92, ge=1, le=100, description="quality of webp and jpeg")
    captions: Literal["grammar", "llm"] = Field(
        "grammar", description="who writes captions: rules alone, or a language model that is checked by them"
    )
    teacher: Teacher = Teacher()


class Sight(_Part):
    """How long and how fast the tower of a tiny base learns to see, before any language."""

    pictures: int = Field(100_000, ge=64, description="pictures drawn for it, none twice")
    batch_size: int = Field(32, ge=2, description="pictures in one optimiser step")
    learning_rate: float = Field(1e-3, gt=0, description="peak rate of AdamW, for all that is no matrix within the tower")
    matrix_rate: float = Field(0.02, gt=0, description="peak rate of Muon, for the tower's matrices")
    falling_share: float = Field(0.5, gt=0, le=1, description="share of the course in which the rates fall")
    drawing_processes: int = Field(1, ge=0, description="processes that draw pictures beside the one that learns; 0 draws in it")
    held_out: int = Field(1000, ge=16, description="pictures of people never learnt from, by which it is examined")
    check_every: int = Field(200, ge=1, description="steps between two examinations; at each it is saved, and goes on from there")


class Student(_Part):
    """Which model learns, and in which form it answers."""

    base: str = Field("tiny", description="'tiny', a folder in the hub's format, or a name on the hub")
    base_seed: int = Field(0, ge=0, description="seed of the random weights of 'tiny'")
    codec: Literal["official", "compact", "readout"] = Field("compact", description="form of the answer")
    lora_rank: int = Field(16, ge=1, description="rank of the adapter")
    lora_alpha: float = Field(32.0, gt=0, description="scale of the adapter")
    lora_dropout: float = Field(0.0, ge=0, lt=1, description="dropout inside the adapter")


class Training(_Part):
    """How the student is trained."""

    epochs: float = Field(2.0, gt=0, description="passes over the training samples; max_steps may end sooner")
    max_steps: int | None = Field(None, ge=1, description="stop after this many optimiser steps; none means epochs alone decide")
    batch_size: int = Field(16, ge=1, description="samples in one optimiser step, over all workers")
    learning_rate: float = Field(1e-3, gt=0, description="peak of the cosine schedule")
    warmup_share: float = Field(0.05, ge=0, lt=1, description="share of the steps in which the rate rises")
    weight_decay: float = Field(0.0, ge=0, description="AdamW's weight decay")
    clip_norm: float = Field(1.0, gt=0, description="gradients are clipped to this norm")
    flip_share: float = Field(0.0, ge=0, le=1, description="share of the samples that are learnt mirrored; 0 means none")
    description_weight: float = Field(0.3, ge=0, description="weight of the description's tokens in the loss")
    coefficient_weight: float = Field(1.0, gt=0, description="weight of the coefficients' tokens in the loss")
    workers: int = Field(2, ge=1, description="training processes under Ray Train")
    gpus_per_worker: int = Field(0, ge=0, description="GPUs for each; 0 trains on the CPU")
    zero_stage: Literal[0, 1, 2, 3] = Field(2, description="how much DeepSpeed partitions over the workers")
    checkpoint_every: int = Field(20, ge=1, description="steps between two checkpoints")
    precision: Literal["fp32", "bf16"] = Field("fp32", description="number format of the forward pass")


class Evaluation(_Part):
    """How the candidate is measured."""

    batch_size: int = Field(16, ge=1, description="pictures answered together")
    workers: int = Field(2, ge=1, description="prediction processes, each on one core")
    bootstrap: int = Field(500, ge=50, description="resamples of the identities for each interval")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="level of the intervals")
    probes: int = Field(16, ge=0, description="pictures asked again mirrored, with other noise and, one in four, alone")
    cnn_steps: int = Field(150, ge=1, description="training steps of the small convolutional baseline")


class Promotion(_Part):
    """What decides whether the candidate replaces the champion."""

    policy: str = Field("default", description="name of a shipped policy or path of a policy file")


class Recipe(_Part):
    """Everything that shapes a run; every field has a bound and a meaning, so it also serves as the form in Prefect's UI."""

    name: str = Field("demo", pattern=_SMALL_NAME, description="name of the recipe, first part of the model's id")
    seed: int = Field(0, ge=0, description="seed of the whole run")
    labels: Labels = Labels()
    faces: Faces = Faces()
    supervision: Supervision = Supervision()
    sight: Sight | None = Field(None, description="teach the vision tower of a tiny base, which 'sface distill' then does alone")
    student: Student = Student()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()
    promotion: Promotion = Promotion()

    @model_validator(mode="after")
    def _batch_divides(self) -> Self:
        if self.training.batch_size % self.training.workers:
            size, workers = self.training.batch_size, self.training.workers
            raise ValueError(f"training.batch_size ({size}) must be a multiple of training.workers ({workers})")
        return self

    def digest_of(self, *parts: str) -> str:
        """32 hex digits over the seed and the named parts only: a change in training leaves the pictures' names alone."""
        content = {"seed": self.seed, **{part: getattr(self, part).model_dump(mode="json") for part in parts}}
        return digest(json.dumps(content, sort_keys=True))

    @property
    def supervision_digest(self) -> str:
        """Names the pictures and captions: faces and how they are stored, not where the files are cut."""
        faces = self.faces.model_dump(mode="json")
        stored = self.supervision.model_dump(mode="json", include={"image_format", "image_quality"})
        content = {"seed": self.seed, "faces": faces, "stored": stored}
        if self.supervision.captions == "llm":
            content["captions"] = self._what_words_captions()
        return digest(json.dumps(content, sort_keys=True))

    def _what_words_captions(self) -> dict[str, Any]:
        """What decides a language model's words; not how fast, how patiently or at what price it is asked."""
        from sfcore.captions.llm.prompt import prompt_digest

        teacher = self.supervision.teacher
        return {**teacher.model_dump(mode="json", include=set(WORDING_OF_TEACHER)), "prompt": prompt_digest()}

    @property
    def digest(self) -> str:
        """Names the whole recipe."""
        return digest(json.dumps(self.model_dump(mode="json"), sort_keys=True))


def _field_names(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for step in path:
        annotation = model.model_fields[str(step)].annotation
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)


def sentence_of(error: ValidationError, model: type[BaseModel], where: str) -> str:
    """The first problem of a validation as one sentence that names the field, and the nearest name for a misspelt one."""
    errors = error.errors()
    # A misspelt name comes first: it explains the required field that is then missing.
    first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
    path = first["loc"]
    dotted = ".".join(str(step) for step in path)
    if first["type"] == "extra_forbidden":
        return f"{where}: '{dotted}' is not a field{nearest(str(path[-1]), _field_names(model, path[:-1]))}."
    if first["type"] == "string_pattern_mismatch":
        allowed = _ALLOWED[first["ctx"]["pattern"]]
        return f"{where}: {dotted}: {first['input']!r} is no name here: {allowed}, the first a letter or a digit."
    message = str(first.get("ctx", {}).get("error") or first["msg"])
    if first["type"] == "literal_error":
        message += nearest(str(first["input"]), re.findall("'([^']+)'", first["ctx"]["expected"]))
    return f"{where}: {dotted + ': ' if dotted else ''}{message[0].lower()}{message[1:]}."


def recipe_from(content: dict[str, Any], where: str) -> Recipe:
    """Builds a recipe from plain data; raises `WrongUse` naming the field that is wrong."""
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise WrongUse(sentence_of(error, Recipe, where)) from None


def read_shipped(kind: str, fields: str, name_or_path: str, folder: Path) -> tuple[dict[str, Any], str]:
    """The plain data of a YAML file that ships in ``folder``, by its name, or of any, by its path; and how messages call it.

    ``kind`` is what the file is ("recipe", "policy"), ``fields`` what it is expected to hold. Raises `WrongUse` with the nearest
    name, or with what is wrong with the file.
    """
    shipped = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    path = shipped.get(name_or_path, Path(name_or_path))
    if not path.is_file():
        known = ", ".join(shipped)
        raise WrongUse(f"no {kind} '{name_or_path}'{nearest(name_or_path, shipped)}: give a file or one of {known}.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongUse(f"{path.name} is not valid YAML: {str(error).splitlines()[0]}.") from None
    if not isinstance(content, dict):
        raise WrongUse(f"{path.name} holds no {kind}: expected fields {fields}.")
    return content, f"{kind} {path.name}"


def load_recipe(name_or_path: str, folder: Path) -> Recipe:
    """Reads a recipe by the name of a shipped one in ``folder`` or by path; raises `WrongUse` with the nearest name."""
    return recipe_from(*read_shipped("recipe", "such as name, labels and faces", name_or_path, folder))
