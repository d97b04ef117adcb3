"""A chat dataset that ms-swift and LLaMA-Factory train on: messages and images, a file of lines for each split."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sfcore.exports.answers import coefficients_as_written, description_of, json_answer, question
from sfcore.exports.lines import LineFiles, put_picture, rows_of
from sfcore.exports.pictures import file_name
from sfcore.exports.selection import Source
from sfcore.exports.target import Sink

DECIMALS = 3
"""What the reference's prompt asks for: a student learns no more digits than it can see."""


def write(source: Source, sink: Sink, decimals: int | None, on_row: Callable[[], None]) -> list[str]:
    """Writes ``<split>.jsonl``, ``images/``, ``dataset_info.json`` and ``README.md``; returns what a person should know.

    The answer is the JSON that the question asks for; unknown channels and unread answers are left out.
    """
    unread = pictures = 0
    with LineFiles(sink) as files:
        for row in rows_of(source):
            on_row()
            if row.columns.get("parsed") is False:
                unread += 1
                continue
            picture = put_picture(sink, row.columns)
            pictures += picture is not None
            numbers = coefficients_as_written(row.coefficients, DECIMALS if decimals is None else decimals)
            answer = {"role": "assistant", "content": json_answer(description_of(row.columns), numbers)}
            content = {"messages": [*question(picture is not None), answer], "images": [picture] if picture else []}
            files.add(f"{file_name(row.columns['split'])}.jsonl", content)
    dataset = source.selection.dataset
    _put(sink, "dataset_info.json", json.dumps(_dataset_info(dataset, files.lines, bool(pictures)), indent=2) + "\n")
    _put(sink, "README.md", _read_me(dataset, files.lines))
    notes = ["unknown channels are left out of an answer"]
    if unread:
        notes.append(f"{unread} answers that could not be read are left out")
    if not pictures:
        notes.append("there is no picture to ask about: these rows hold none")
    return notes


def _dataset_info(dataset: str, lines: dict[str, int], pictures: bool) -> dict[str, Any]:
    """How LLaMA-Factory finds the files and the roles in them."""
    tags = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    }
    columns = {"messages": "messages", "images": "images"} if pictures else {"messages": "messages"}
    return {
        f"{dataset}_{file.removesuffix('.jsonl')}": {
            "file_name": file,
            "formatting": "sharegpt",
            "columns": columns,
            "tags": tags,
        }
        for file in sorted(lines)
    }


def _read_me(dataset: str, lines: dict[str, int]) -> str:
    from sfcore.reports.run_report import environment

    # The one to train on comes first.
    ordered = sorted(lines.items(), key=lambda entry: (not entry[0].startswith("train"), entry[0]))
    names = {f"{dataset}_{file.removesuffix('.jsonl')}": (file, count) for file, count in ordered}
    return environment().get_template("chat_read_me.md.j2").render(dataset=dataset, names=names)


def _put(sink: Sink, name: str, text: str) -> None:
    with sink.open(name) as file:
        file.write(text.encode())
