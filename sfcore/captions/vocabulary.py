"""The words of captions: what each word means to a reader, and with which words the grammar names each action.

A reader of captions needs four ideas: a *part* of the face (with a qualifier: inner, upper), a *motion* of it, how strong it is
and on which side. Part and motion together are an action. Every word has one meaning here, so nothing has to be guessed from a
sentence.
"""

from __future__ import annotations

from dataclasses import dataclass

from sfcore.captions.intensity import EXTREME, MODERATE, SLIGHT, STRONG


@dataclass(frozen=True, slots=True)
class Phrase:
    """How the grammar names one action."""

    one: str
    """Subject on one side, after "left" or "right"; "" where the side has to follow ("nose wrinkled on the left")."""
    all: str
    """Subject of both sides."""
    done: tuple[str, ...]
    """What happens to the subject, as participle."""
    nouns: tuple[str, ...]
    """The action as a noun."""
    faint: tuple[str, str, tuple[str, ...]] | None = None
    """``one``, ``all`` and ``done`` below a strong intensity, where other words fit: lids are lowered before eyes are closed."""
    adverbs: tuple[tuple[int, tuple[str, ...]], ...] = ()
    """Adverbs of its own for some bands."""


_UP = ("raised", "lifted")

PHRASES: dict[str, Phrase] = {
    "inner_brow_raise": Phrase("", "inner brows", _UP, ("inner brow raise", "inner brow lift")),
    "outer_brow_raise": Phrase("outer brow", "outer brows", _UP, ("outer brow raise", "outer brow lift")),
    "brow_lower": Phrase("brow", "brows", ("lowered", "drawn down"), ("brow lowering",)),
    "eye_close": Phrase(
        "eye",
        "eyes",
        ("closed", "shut"),
        ("lid closure",),
        ("eyelid", "eyelids", ("lowered",)),
        ((STRONG, ("mostly",)), (EXTREME, ("fully",))),
    ),
    "eye_widen": Phrase(
        "eye", "eyes", ("widened", "opened wide"), ("upper lid raise", "eye widening"), ("eye", "eyes", ("widened",))
    ),
    "lid_tighten": Phrase("eyelid", "eyelids", ("tightened", "narrowed"), ("lid tightening", "squint")),
    "cheek_raise": Phrase("cheek", "cheeks", _UP, ("cheek raise", "cheek lift")),
    "cheek_puff": Phrase("", "cheeks", ("puffed", "puffed out"), ("cheek puff",)),
    "nose_wrinkle": Phrase("", "nose", ("wrinkled", "scrunched"), ("nose wrinkle",)),
    "corner_pull": Phrase("lip corner", "lip corners", ("pulled up", "drawn up"), ("lip corner pull", "lip corner lift")),
    "corner_depress": Phrase("lip corner", "lip corners", ("turned down", "drawn down"), ("lip corner depression",)),
    "dimple": Phrase("lip corner", "lip corners", ("tucked in", "dimpled"), ("dimpling",)),
    "lip_stretch": Phrase("", "mouth", ("stretched sideways", "stretched"), ("lip stretch",)),
    "upper_lip_raise": Phrase("", "upper lip", _UP, ("upper lip raise",)),
    "lower_lip_depress": Phrase("", "lower lip", ("pulled down", "lowered"), ("lower lip depression",)),
    "lip_press": Phrase("", "lips", ("pressed together", "pressed"), ("lip press",)),
    "lip_close": Phrase("", "lips", ("brought together",), ("lip closure",)),
    "lip_funnel": Phrase("", "lips", ("funneled",), ("lip funnel",)),
    "lip_pucker": Phrase("", "lips", ("puckered", "pursed"), ("lip pucker",)),
    "upper_lip_roll": Phrase("", "upper lip", ("rolled in", "tucked in"), ("upper lip roll",)),
    "lower_lip_roll": Phrase("", "lower lip", ("rolled in", "tucked in"), ("lower lip roll",)),
    "upper_lip_shrug": Phrase("", "upper lip", ("pushed up", "shrugged"), ("upper lip shrug",)),
    "chin_raise": Phrase("", "chin", ("raised", "pushed up"), ("chin raise",)),
    "mouth_left": Phrase("", "mouth", ("shifted left", "shifted to the left"), ("mouth shift to the left",)),
    "mouth_right": Phrase("", "mouth", ("shifted right", "shifted to the right"), ("mouth shift to the right",)),
    "jaw_drop": Phrase("", "jaw", ("dropped", "lowered"), ("jaw drop",)),
    "jaw_thrust": Phrase("", "jaw", ("pushed forward", "thrust forward"), ("jaw thrust",)),
    "jaw_left": Phrase("", "jaw", ("shifted left", "shifted to the left"), ("jaw shift to the left",)),
    "jaw_right": Phrase("", "jaw", ("shifted right", "shifted to the right"), ("jaw shift to the right",)),
    "tongue_show": Phrase("", "tongue", ("shown", "stuck out"), ("tongue show",)),
    "gaze_left": Phrase("", "gaze", ("left", "to the left"), ("gaze to the left",)),
    "gaze_right": Phrase("", "gaze", ("right", "to the right"), ("gaze to the right",)),
    "gaze_up": Phrase("", "gaze", ("up", "upward"), ("upward gaze",)),
    "gaze_down": Phrase("", "gaze", ("down", "downward"), ("downward gaze",)),
    "gaze_inward": Phrase("", "eyes", ("crossed", "turned inward"), ("inward gaze",)),
    "gaze_outward": Phrase("", "eyes", ("turned outward",), ("outward gaze",)),
    "turn_left": Phrase("", "head", ("turned left", "turned to the left"), ("head turn to the left",)),
    "turn_right": Phrase("", "head", ("turned right", "turned to the right"), ("head turn to the right",)),
    "nod_down": Phrase("", "head", ("bowed", "lowered"), ("downward head pitch",)),
    "nod_up": Phrase("", "head", ("raised", "tipped back"), ("upward head pitch",)),
    "tilt_left": Phrase("", "head", ("tilted left", "tilted to the left"), ("head tilt to the left",)),
    "tilt_right": Phrase("", "head", ("tilted right", "tilted to the right"), ("head tilt to the right",)),
}

ADVERBS: dict[int, tuple[str, ...]] = {
    SLIGHT: ("slightly", "faintly"),
    MODERATE: ("moderately", "noticeably"),
    STRONG: ("strongly", "markedly"),
    EXTREME: ("fully", "maximally"),
}
ADJECTIVES: dict[int, tuple[str, ...]] = {
    SLIGHT: ("slight", "faint"),
    MODERATE: ("moderate", "noticeable"),
    STRONG: ("strong", "marked"),
    EXTREME: ("extreme", "maximal"),
}
DEGREES: dict[int, tuple[str, ...]] = {
    SLIGHT: ("slightly", "faintly"),
    MODERATE: ("noticeably", "moderately"),
    STRONG: ("markedly", "much"),
}
"""How far one side is ahead of the other, by the bands of `intensity.DIFFERENCE`."""

# From here on, what words mean to the reader; some are never written by the grammar but by people and language models.

_OTHER_INTENSITIES: dict[int, str] = {
    SLIGHT: "subtle subtly mild mildly minimal minimally minor weak weakly gentle gently light lightly barely",
    MODERATE: "medium moderated partly partially half visibly",
    STRONG: "pronounced high highly heavy heavily intense intensely significant significantly widely prominent firmly tightly"
    " mostly much",
    EXTREME: "full extremely maximum completely very wholly",
}

INTENSITIES: dict[str, int] = {
    word: number for number in ADVERBS for word in (*ADVERBS[number], *ADJECTIVES[number], *_OTHER_INTENSITIES[number].split())
}
"""Word -> band number."""


def _forms(table: dict[str, str]) -> dict[str, str]:
    return {form: meaning for meaning, forms in table.items() for form in forms.split()}


BASES: dict[str, str] = _forms(
    {
        "brow": "brow brows eyebrow eyebrows",
        "lid": "lid lids eyelid eyelids",
        "eye": "eye eyes",
        "cheek": "cheek cheeks",
        "nose": "nose nasal nasolabial nostril nostrils",
        "lip": "lip lips mouth",
        "corner": "corner corners",
        "chin": "chin",
        "jaw": "jaw",
        "tongue": "tongue",
        "gaze": "gaze look looks looking directed glance",
        "head": "head",
        "forehead": "forehead",
    }
)
QUALIFIERS: dict[str, str] = _forms({"inner": "inner", "outer": "outer", "upper": "upper", "lower": "lower"})

MOTIONS: dict[str, str] = _forms(
    {
        "up": "up upward upwards raised raise raises raising lifted lift lifts lifting elevated elevation rise rises risen",
        "down": "down downward downwards lowered lowering lowers depressed depression retraction retracted furrowed furrow",
        "inward": "inward inwards",
        "outward": "outward outwards",
        "together": "together",
        "out": "out",
        "back": "back",
        "turn": "turn turned turns yaw",
        "tilt": "tilt tilted tilts",
        "bow": "bow bowed nod nodded",
        "close": "close closed closure shut closing",
        "open": "open opened opening",
        "wide": "wide widen widened widening",
        "tight": "tighten tightened tightening tensed tense narrow narrowed narrowing",
        "squint": "squint squints squinted squinting",
        "blink": "blink blinks blinking",
        "puff": "puff puffed puffing",
        "wrinkle": "wrinkle wrinkled wrinkling wrinkles scrunched sneer sneering sneered",
        "pull": "pull",
        "smile": "smile smiles smiling zygomaticus",
        "dimple": "dimple dimples dimpled dimpling",
        "tuck": "tuck tucked",
        "stretch": "stretch stretched stretching stretches",
        "press": "press pressed pressing presses",
        "funnel": "funnel funneled funneling funnelled",
        "pucker": "pucker puckered puckering pursed",
        "roll": "roll rolled rolling",
        "shrug": "shrug shrugged shrugging",
        "push": "push pushed",
        "shift": "shift shifted shifts",
        "drop": "drop dropped drops",
        "forward": "forward protruded protrusion",
        "thrust": "thrust",
        "show": "show shown",
        "stick": "stuck",
        "cross": "crossed cross",
    }
)

# (part, motion) -> actions. Part "" holds for any part: the motion alone says it.
MEANINGS: dict[tuple[str, str], tuple[str, ...]] = {
    ("inner brow", "up"): ("inner_brow_raise",),
    ("outer brow", "up"): ("outer_brow_raise",),
    ("brow", "up"): ("inner_brow_raise", "outer_brow_raise"),
    ("brow", "down"): ("brow_lower",),
    ("inner brow", "down"): ("brow_lower",),
    ("outer brow", "down"): ("brow_lower",),
    ("lid", "up"): ("eye_widen",),
    ("lid", "close"): ("eye_close",),
    ("lid", "down"): ("eye_close",),
    ("lid", "tight"): ("lid_tighten",),
    ("eye", "close"): ("eye_close",),
    ("eye", "wide"): ("eye_widen",),
    ("eye", "open"): ("eye_widen",),
    ("lid", "open"): ("eye_widen",),
    ("eye", "tight"): ("lid_tighten",),
    ("", "squint"): ("lid_tighten",),
    ("", "blink"): ("eye_close",),
    ("cheek", "up"): ("cheek_raise",),
    ("cheek", "squint"): ("cheek_raise",),
    ("cheek", "tight"): ("cheek_raise",),
    ("cheek", "puff"): ("cheek_puff",),
    ("", "puff"): ("cheek_puff",),
    ("nose", "up"): ("nose_wrinkle",),
    ("", "wrinkle"): ("nose_wrinkle",),
    ("corner", "up"): ("corner_pull",),
    ("corner", "pull"): ("corner_pull",),
    ("", "smile"): ("corner_pull",),
    ("corner", "down"): ("corner_depress",),
    ("", "dimple"): ("dimple",),
    ("corner", "tuck"): ("dimple",),
    ("corner", "stretch"): ("lip_stretch",),
    ("lip", "stretch"): ("lip_stretch",),
    ("", "stretch"): ("lip_stretch",),
    ("upper lip", "up"): ("upper_lip_raise",),
    ("lower lip", "down"): ("lower_lip_depress",),
    ("lip", "press"): ("lip_press",),
    ("", "press"): ("lip_press",),
    ("lip", "close"): ("lip_close",),
    ("lip", "together"): ("lip_close",),
    ("", "funnel"): ("lip_funnel",),
    ("", "pucker"): ("lip_pucker",),
    ("upper lip", "roll"): ("upper_lip_roll",),
    ("upper lip", "tuck"): ("upper_lip_roll",),
    ("lower lip", "roll"): ("lower_lip_roll",),
    ("lower lip", "tuck"): ("lower_lip_roll",),
    ("upper lip", "push"): ("upper_lip_shrug",),
    ("upper lip", "shrug"): ("upper_lip_shrug",),
    ("chin", "up"): ("chin_raise",),
    ("chin", "push"): ("chin_raise",),
    ("jaw", "drop"): ("jaw_drop",),
    ("jaw", "down"): ("jaw_drop",),
    ("jaw", "open"): ("jaw_drop",),
    ("lip", "open"): ("jaw_drop",),
    ("jaw", "forward"): ("jaw_thrust",),
    ("jaw", "thrust"): ("jaw_thrust",),
    ("tongue", "show"): ("tongue_show",),
    ("tongue", "out"): ("tongue_show",),
    ("gaze", "up"): ("gaze_up",),
    ("gaze", "down"): ("gaze_down",),
    ("gaze", "inward"): ("gaze_inward",),
    ("gaze", "outward"): ("gaze_outward",),
    ("eye", "down"): ("gaze_down",),
    ("eye", "up"): ("gaze_up",),
    ("eye", "inward"): ("gaze_inward",),
    ("eye", "outward"): ("gaze_outward",),
    ("eye", "cross"): ("gaze_inward",),
    ("head", "up"): ("nod_up",),
    ("head", "back"): ("nod_up",),
    ("head", "down"): ("nod_down",),
    ("head", "bow"): ("nod_down",),
}
VAGUE_MOTIONS: frozenset[str] = frozenset({"up", "down", "out", "back", "turn", "close", "open", "together", "pull"})
"""Motions that only speak where no more exact motion stands in the clause ("pushed up" is a push)."""

_LIPS = frozenset({"lip", "upper lip", "lower lip", "corner"})
DOERS: dict[str, frozenset[str]] = {
    "squint": frozenset({"lid", "eye", "cheek"}),
    "blink": frozenset({"lid", "eye"}),
    "puff": frozenset({"cheek"}),
    "wrinkle": frozenset({"nose"}),
    "dimple": _LIPS | {"cheek"},
    "stretch": _LIPS,
    "press": _LIPS,
    "funnel": _LIPS,
    "pucker": _LIPS,
}
"""Motion that says an action alone -> parts that can be said to do it: lips are pressed, eyes are not. A smile may be told of any
part, since people let it lift cheeks and reach eyes; a gaze may do all, since "looks" is also said of how a part appears."""

# (part, motion) that go to a side -> (action to the left, action to the right).
DIRECTED: dict[tuple[str, str], tuple[str, str]] = {
    ("lip", "shift"): ("mouth_left", "mouth_right"),
    ("lip", "move"): ("mouth_left", "mouth_right"),
    ("jaw", "shift"): ("jaw_left", "jaw_right"),
    ("jaw", "move"): ("jaw_left", "jaw_right"),
    ("gaze", ""): ("gaze_left", "gaze_right"),
    ("gaze", "turn"): ("gaze_left", "gaze_right"),
    ("head", "turn"): ("turn_left", "turn_right"),
    ("head", "tilt"): ("tilt_left", "tilt_right"),
}

SIDES: dict[str, str] = _forms({"left": "left leftward", "right": "right rightward", "both": "both bilateral bilaterally"})


def _words(line: str) -> frozenset[str]:
    return frozenset(line.split())


NEGATIONS = _words("no not without never nor absent lack lacks")
"""Two of them cancel out, except that "nor" carries on a denial."""
STRONGER = _words("stronger more higher greater")
WEAKER = _words("weaker less")
SYMMETRIC = _words("symmetric symmetrical symmetrically")
ASYMMETRIC = _words("asymmetric asymmetrical uneven")
RESTING = _words("rest still relaxed inactive neutral")
"""Deny an action where they are the last word on a part ("jaw still"); before an action or a strength they are adverbs ("jaw
still fully dropped")."""
STATES = _words("inactive neutral")
"""Resting words that may be said of an action as well as of a part: "dimpling inactive"."""
MOVING = _words("move moves moved moving")
"""Tell an action of a part only where they give a side: "jaw moves to the left"."""
PLACING = _words("over between")
"""After them a part only tells where another one moves: "tongue stuck out over the lower lip"."""
ACTING = _words("action actions activity movement movements motion")
"""What "no clear facial action" denies of a whole face, or of the part that is spoken of."""
BREAKING_WORDS: tuple[str, ...] = (
    "and",
    "while",
    "with",
    "but",
    "plus",
    "though",
    "whereas",
    "yet",
    "or",
    "since",
    "against",
)
"""Where one clause ends and the next begins, beside commas, colons and brackets."""

REST_REGIONS: dict[str, str] = {
    "brow": "brows",
    "eye": "eyes",
    "lid": "eyes",
    "cheek": "cheeks",
    "nose": "nose",
    "lip": "mouth",
    "jaw": "jaw",
}
"""Part -> region that can be said to be at rest."""

FEELINGS: dict[str, str] = _forms(
    {
        "enjoyment": "enjoyment genuine felt duchenne",
        "happiness": "happiness happy joy amusement contentment",
        "surprise": "surprise surprised",
        "fear": "fear fearful alarm alarmed",
        "anger": "anger angry irritation irritated",
        "disgust": "disgust disgusted aversion",
        "sadness": "sadness sad distress distressed",
        "contempt": "contempt contemptuous disdain disdainful",
    }
)
