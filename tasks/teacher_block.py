"""A language model as Prefect keeps it: filled in by a form, its key encrypted.

``prefect block register -m tasks.teacher_block`` shows the form in Prefect's pages; ``LanguageModel(url=..., model=..., key=...)
.save("name")`` keeps one from Python. ``SFACE_TEACHER_BLOCK=name`` uses it.
"""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import Field, SecretStr


class LanguageModel(Block):
    """An OpenAI-compatible endpoint that writes captions."""

    _block_type_name: ClassVar[str | None] = "sface language model"
    _block_type_slug: ClassVar[str | None] = "sface-language-model"
    _description: ClassVar[str | None] = "An OpenAI-compatible endpoint that writes captions for sface."

    url: str = Field(description="base address, such as http://localhost:8000/v1")
    model: str = Field("", description="name of the model, for recipes that name none")
    key: SecretStr = Field(SecretStr(""), description="key, where the endpoint wants one")
