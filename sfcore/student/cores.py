"""Processes beside each other on one machine share its cores."""

from __future__ import annotations

import os

import torch


def share_cores(processes: int) -> None:
    """Gives torch this process's share of the machine's cores; left alone, each process starts a thread for every core."""
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // processes))
