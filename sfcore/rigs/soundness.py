"""What an imported head must hold before anything is made of it."""

from __future__ import annotations

import numpy as np

from sfcore.arkit import BY_NAME
from sfcore.errors import WrongUse
from sfcore.rigs.morph_head import MorphHead


def checked(head: MorphHead) -> MorphHead:
    """The head itself; raises `WrongUse` for positions that are no numbers, faces without vertices, or shapes that do not fit."""
    n = len(head.vertices)
    problem = _mesh_problem(head, n) or _morph_problem(head, n)
    if problem:
        raise WrongUse(f"rig '{head.name}' cannot be imported: {problem}.")
    return head


def _mesh_problem(head: MorphHead, n: int) -> str:
    if n == 0 or len(head.triangles) == 0:
        return "its mesh has no faces; export the head itself"
    if not np.isfinite(head.vertices).all():
        bad = int(np.flatnonzero(~np.isfinite(head.vertices).all(axis=1))[0])
        return f"vertex {bad} is not finite; export the mesh again"
    if head.triangles.min() < 0 or head.triangles.max() >= n:
        return f"its faces name vertex {int(head.triangles.max())} and it has {n}; export the mesh again"
    a, b, c = (head.vertices[head.triangles[:, k]] for k in range(3))
    extent = float(np.ptp(head.vertices, axis=0).max())
    if np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() <= 1e-9 * extent**2:
        return "all its faces have no area; export the mesh again"
    if head.parts is not None and len(head.parts) != len(head.triangles):
        return f"it names parts of {len(head.parts)} faces and has {len(head.triangles)}"
    return ""


def _morph_problem(head: MorphHead, n: int) -> str:
    for name, displacement in {**head.morphs, **head.modes}.items():
        if displacement.shape != (n, 3):
            return f"shape {name} moves {len(displacement)} vertices and the neutral mesh has {n}; export all with one topology"
        if not np.isfinite(displacement).all():
            return f"shape {name} holds values that are not finite; export it again"
    known = [name for name in head.morphs if name in BY_NAME and BY_NAME[name].kind == "shape"]
    if not known:
        return "it has no shapes with ARKit's names (eyeBlinkLeft, jawOpen and so on); name its morph targets so"
    if not any(np.abs(head.morphs[name]).max(initial=0.0) > 0 for name in known):
        return "none of its shapes moves anything; export it with its morph targets"
    lacking = [name for name in ("EyeBlinkLeft", "EyeBlinkRight", "JawOpen") if not np.any(head.morphs.get(name, 0))]
    if lacking:
        return f"{lacking[0]} is missing or moves nothing, and lids and lips are found by it; export the head with it"
    return ""
