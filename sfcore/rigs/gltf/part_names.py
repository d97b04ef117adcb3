"""What the names of materials, meshes and nodes say of the part of the head they make."""

from __future__ import annotations

import re
from enum import Enum, auto

from sfcore.rigs.parts import Part


class Named(Enum):
    """What a name says; eyes and irises get their side from where they are, teeth their jaw where the name is silent."""

    NOTHING = auto()
    LEFT_OUT = auto()
    SKIN = auto()
    LIPS = auto()
    BROW = auto()
    LASHES = auto()
    LID_EDGE = auto()
    EYE = auto()
    IRIS = auto()
    TEETH = auto()
    TEETH_UPPER = auto()
    TEETH_LOWER = auto()
    GUMS = auto()
    TONGUE = auto()
    CAVITY = auto()
    EAR = auto()
    HAIR = auto()
    CLOTH = auto()


PART_OF: dict[Named, Part] = {
    Named.SKIN: Part.SKIN,
    Named.LIPS: Part.LIPS,
    Named.BROW: Part.BROW,
    Named.LASHES: Part.LASHES,
    Named.LID_EDGE: Part.LID_EDGE,
    Named.TEETH_UPPER: Part.TEETH_UPPER,
    Named.TEETH_LOWER: Part.TEETH_LOWER,
    Named.GUMS: Part.GUMS,
    Named.TONGUE: Part.TONGUE,
    Named.CAVITY: Part.CAVITY,
    Named.EAR: Part.EAR,
    Named.HAIR: Part.HAIR,
    Named.CLOTH: Part.SHIRT,
}
"""Those that are one part wherever they lie."""

# Anywhere in the name (lower case, no separators), in this order: a brow is no "eyeball", a tear line no eye.
_ANYWHERE: tuple[tuple[Named, str], ...] = (
    # Glasses hide what the shapes do; shells over the eyes would cover the iris.
    (
        Named.LEFT_OUT,
        "glasses|spectacle|goggle|facewear|tearline|saliva|eyeocclusion|eyeao|eyewet|eyeblur|eyeshell|eyeedge|cornea|collider",
    ),
    (Named.LASHES, "lash|eyeline"),
    (Named.BROW, "brow(?!n)"),
    (Named.IRIS, "iris|pupil|eyehighlight"),
    (Named.LID_EDGE, "lidedge|lidmargin"),
    (Named.TEETH_UPPER, "(upper|top)(teeth|tooth|dentur)|(teeth|tooth|denture)s?(upper|top)"),
    (Named.TEETH_LOWER, "(lower|bottom)(teeth|tooth|dentur)|(teeth|tooth|denture)s?(lower|bottom)"),
    (Named.TEETH, "teeth|tooth|dentur"),
    (Named.TONGUE, "tongue"),
    (Named.CAVITY, "mouthbag|mouthcavity|innermouth|mouthinner|mouthinside|insidemouth|mouthsocket|cavity|facemouth"),
    (Named.EYE, "eyeball|sclera|eyewhite"),
    (Named.HAIR, "hair|beard|mustache|moustache|headwear|helmet"),
    (Named.CLOTH, "cloth|shirt|outfit|dress|jacket|hoodie|sweater|footwear|trouser|garment|uniform|apparel"),
)
# Whole words.
_WORDS: tuple[tuple[Named, frozenset[str]], ...] = (
    (Named.GUMS, frozenset(("gum", "gums", "gingiva"))),
    (Named.LIPS, frozenset(("lip", "lips"))),
    (Named.EYE, frozenset(("eye", "eyes", "leye", "reye", "eyel", "eyer"))),
    (Named.EAR, frozenset(("ear", "ears"))),
    (Named.CAVITY, frozenset(("mouth", "oral"))),
    (Named.HAIR, frozenset(("hat", "cap", "hood", "bun", "bangs", "ponytail"))),
    (
        Named.CLOTH,
        frozenset(
            (
                "top",
                "tops",
                "bottom",
                "bottoms",
                "shoe",
                "shoes",
                "pants",
                "look",
                "suit",
                "tie",
                "scarf",
                "collar",
                "coat",
                "vest",
            )
        ),
    ),
    (Named.SKIN, frozenset(("skin",))),
)
_GENERIC = frozenset(("head", "face", "body", "neck"))
_NOT_EYES = frozenset(("lid", "lids", "shadow", "liner", "bag", "bags", "socket"))


def named_part(material: str, mesh: str, node: str) -> Named:
    """What the first of the three names that speaks says: the material's, the mesh's, the node's."""
    names = (material, mesh, node)
    for name in names:
        said = _said(name)
        if said is not Named.NOTHING:
            return said
    return Named.SKIN if any(_GENERIC & set(_words(name)) for name in names) else Named.NOTHING


def _words(name: str) -> list[str]:
    """Lower-case words of ``Wolf3D_EyeLeft``, ``FaceBrow``, ``Std_Eye_L``."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def _said(name: str) -> Named:
    words = _words(name)
    run = "".join(words)
    for said, pattern in _ANYWHERE:
        if re.search(pattern, run):
            return said
    for said, known in _WORDS:
        if known & set(words) and not (said is Named.EYE and _NOT_EYES & set(words)):
            return said
    return Named.NOTHING
