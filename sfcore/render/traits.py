"""Who is drawn: everything lasting about a person, drawn from the identity's name alone."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import cast

import numpy as np

from sfcore.randomness import stream
from sfcore.render.colour import Colour, as_colour, linear
from sfcore.render.grooming import Beard, MakeUp, draw_beard, draw_make_up, painted_lips
from sfcore.rigs.rig import Rig

# Ten skins from light to dark in sRGB, spaced like the Monk scale (Monk, 2023), and the tint blood gives them.
_SKINS = (
    (244, 206, 182),
    (238, 194, 166),
    (230, 180, 150),
    (220, 166, 130),
    (206, 150, 114),
    (182, 126, 92),
    (152, 102, 72),
    (122, 80, 57),
    (94, 62, 47),
    (68, 46, 38),
)
_HAIRS = (
    (28, 22, 20),
    (44, 30, 24),
    (70, 44, 30),
    (98, 64, 40),
    (132, 92, 56),
    (176, 134, 84),
    (206, 172, 118),
    (140, 66, 34),
    (150, 148, 146),
    (212, 210, 206),
)
_VIVID_HAIRS = ((230, 90, 120), (70, 120, 200), (110, 60, 150), (60, 160, 140), (235, 180, 70), (40, 34, 44), (140, 60, 40))
_IRISES = ((58, 34, 20), (84, 52, 30), (112, 76, 40), (120, 110, 62), (84, 112, 92), (86, 122, 150), (112, 138, 156))


# How a broad, heavy build and a slight one differ, in units of the modes: brow, jaw, lips, eyes.
_BUILD = {
    "jaw_width": 0.75,
    "chin_length": 0.5,
    "brow_ridge": 0.9,
    "brow_height": -0.5,
    "lips_full": -0.7,
    "eye_size": -0.7,
    "nose_width": 0.45,
    "nose_length": 0.3,
    "cheekbones": -0.3,
    "mouth_width": 0.2,
    "neck": 1.0,
}


@dataclass(frozen=True)
class Traits:
    """One person. Colours are linear; ``modes`` are the rig's identity weights."""

    modes: tuple[float, ...]
    cartoon: bool
    skin: Colour
    lips: Colour
    blush: float
    freckles: float
    beard: Beard
    make_up: MakeUp
    wrinkles: float
    iris: Colour
    iris_size: float
    hair: int
    hair_colour: Colour
    brow_colour: Colour
    brow_thickness: float
    brow_arch: float
    brow_tilt: float
    shirt: Colour


def _along(palette: tuple[tuple[int, int, int], ...], place: float) -> np.ndarray:
    table = linear(np.array(palette))
    at = np.clip(place, 0, 1) * (len(table) - 1)
    return np.array([np.interp(at, np.arange(len(table)), table[:, c]) for c in range(3)])


def _modes(rig: Rig, identity: str, cartoon: bool, age: float, masculine: float) -> tuple[float, ...]:
    """Identity weights: a unit is a standard deviation; drawings exaggerate eyes and shrink noses."""
    draw = stream(identity, "modes")
    weights = {name: float(np.clip(draw.normal(), -2.2, 2.2)) * 0.75 for name in rig.mode_names}
    child = float(np.clip((17.0 - age) / 11.0, 0.0, 1.0))
    weights["lashes"] = float(np.clip(0.3 - 0.7 * masculine + 0.1 * weights.get("lashes", 0.0), -0.6, 0.4))
    if "child" in weights:
        weights["child"] = child + 0.12 * weights["child"]
    if "old" in weights:
        weights["old"] = float(np.clip((age - 32) / 32, 0.0, 1.1)) + 0.2 * max(weights["old"], 0.0) * (age > 18)
    build = float(np.clip((age - 8) / 10, 0.2, 1.0)) * (2.0 * masculine - 1.0)
    extra = {name: share * build for name, share in _BUILD.items()}
    if child > 0:
        extra["eye_size"] += 1.2 * child
        extra |= {"brow_ridge": -1.0 * child, "cheekbones": -0.8 * child}
    if cartoon:
        style = stream(identity, "cartoon shape")
        strength = 0.7 + 0.6 * style.random()
        extra["eye_size"] += 6.2 * strength
        weights["child"] = weights.get("child", 0.0) * 0.6 + 0.25 * strength
        extra |= {"nose_forward": -3.0 * strength, "nose_width": -1.8 * strength, "nose_length": -0.8, "eye_open": 0.9}
        extra |= {
            "chin_length": -0.3,
            "jaw_width": -0.4,
            "cheek_full": 0.5,
            "cheekbones": -1.6,
            "nose_up": 0.6,
            "brow_height": 2.6 * strength,
            "eye_spacing": 0.5 * strength,
        }
    for name, value in extra.items():
        if name in weights:
            weights[name] += value
    return tuple(float(np.float32(weights[name])) for name in rig.mode_names)


def draw_traits(identity: str, rig: Rig, cartoon_share: float, make_up_share: float = 0.0, beard_share: float = 0.0) -> Traits:
    """The person called ``identity``: the same traits in every picture, whatever the sample."""
    look, hair = stream(identity, "skin"), stream(identity, "hair")
    cartoon = bool(stream(identity, "cartoon").random() < cartoon_share)
    masculine = float(stream(identity, "build").random())
    age = float(
        stream(identity, "age").choice([9.0, 14.0, 22.0, 30.0, 40.0, 52.0, 66.0], p=[0.08, 0.07, 0.25, 0.25, 0.17, 0.11, 0.07])
    )
    tone = float(look.random())
    warm = 1.0 + 0.06 * look.normal(size=3) * [0.4, 0.35, 1.0]
    skin = _along(_SKINS, tone) * warm
    redness = float(np.clip(0.65 + 0.25 * look.normal(), 0.1, 1.2))
    lips = skin * np.array([0.86, 0.52, 0.52]) * (1 + 0.1 * look.normal()) + np.array([0.05, 0.0, 0.005]) * redness
    iris = linear(np.array(_IRISES[int(np.clip(abs(look.normal()) * (2.4 - 2.0 * tone) * 1.6, 0, 6))]))
    dark = float(np.clip(tone * 0.9 - 0.1 + 0.25 * hair.normal(), 0, 1))
    natural = linear(np.array(_HAIRS[int(np.clip((1 - dark) * 7 * hair.random(), 0, 7))]))
    if age > 48:
        natural = natural + (linear(np.array(_HAIRS[8 + int(age > 60)])) - natural) * float(hair.random()) * min(
            1.0, (age - 44) / 20
        )
    styles = _hair_style(hair.random(), masculine, age, rig)
    if hair.random() < (0.35 if cartoon else 0.05):
        natural = linear(np.array(_VIVID_HAIRS[int(hair.integers(len(_VIVID_HAIRS)))]))
    brow = stream(identity, "brow")
    clothes = stream(identity, "shirt")
    # A head that brings pictures of its skin brings its own beard and make-up, or none.
    painted = float(rig.textures is None)
    make_up = draw_make_up(identity, painted * make_up_share, masculine < 0.5 and age > 12, cartoon)
    adult_man = masculine > 0.5 and age > 20
    drawn = Traits(
        modes=_modes(rig, identity, cartoon, age, masculine),
        cartoon=cartoon,
        skin=as_colour(skin),
        lips=as_colour(painted_lips(lips, make_up)),
        blush=float(redness * 0.8 * (1.4 if cartoon else 1.0) + make_up.blush),
        freckles=float(max(0.0, look.normal() - 0.9) * (tone < 0.4) * (not cartoon)),
        beard=draw_beard(identity, painted * beard_share, adult_man, cartoon, pale=bool(natural.mean() > 0.6 * skin.mean())),
        make_up=make_up,
        wrinkles=float(np.clip((age - 26) / 40, 0.0, 1.0)),
        iris=as_colour(iris * (1.5 if cartoon else 1.1)),
        iris_size=float(1.0 + 0.05 * look.normal() + (0.3 if cartoon else 0.0)),
        hair=styles,
        hair_colour=as_colour(natural * (1 + 0.1 * hair.normal())),
        brow_colour=as_colour(natural * 0.62 if dark < 0.6 or cartoon else natural * 0.8),
        brow_thickness=float(np.clip(0.82 + 0.3 * masculine + 0.16 * brow.normal(), 0.5, 1.5)),
        brow_arch=float(np.clip(0.6 + 0.4 * (1 - masculine) + 0.3 * brow.normal(), -0.1, 1.6)),
        brow_tilt=float(0.05 * brow.normal()),
        shirt=as_colour(_cloth(clothes)),
    )
    return cast(Traits, _rounded(drawn))


def _rounded(value: object) -> object:
    """Six decimals everywhere: powers and exponentials differ in the last place between processors, and a scene must not."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, tuple):
        return tuple(_rounded(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{part.name: _rounded(getattr(value, part.name)) for part in fields(value)})
    return value


def _cloth(draw: np.random.Generator) -> np.ndarray:
    """Colour of a shirt: more often near white, grey, black or blue than vivid."""
    vivid = linear(np.array(draw.integers(20, 235, size=3))) * 0.8
    level, share = (0.15 + 0.75 * draw.random()) ** 2.2, draw.random() ** 1.3
    return share * vivid + (1 - share) * level * np.array([0.95, 1.0, 1.08])


def _hair_style(chance: float, masculine: float, age: float, rig: Rig) -> int:
    if not rig.hair_names:
        return 0
    short = ["short", "swept", "fringe", "buzz", "curly", "short", "swept", "round", "crest", "side_fringe", "knot", "curtain"]
    long = ["bob", "bob_fringe", "long", "tied", "curly", "side_fringe", "curtain", "parted_long", "knot", "wavy", "round"]
    if age > 34:
        short += ["bald", "receding", "receding"]
    names = [name for name in (short if masculine > 0.5 else long) if name in rig.hair_names] or list(rig.hair_names)
    return rig.hair_names.index(names[int(chance * len(names))])
