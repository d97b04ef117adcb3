"""The Ray cluster a run works on: one started for it and stopped after it, or the one that ``SFACE_RAY_ADDRESS`` names."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from sfcore.errors import WorkFailed
from sfcore.recipe import Training

# Rows that pass between processes are file names and counts; pictures go straight to the workspace.
_OBJECT_STORE_BYTES = 256 * 1024**2
_KNOCK_SECONDS = 5.0
# What workers on other machines need to reach the workspace; a local Ray inherits the whole environment.
_PASSED_ON = ("SFACE_", "AWS_", "NUMBA_CACHE_DIR", "HF_")


Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Resources:
    """What a step asks for."""

    cpus: int = 1
    gpus: int = 0

    @staticmethod
    def of(training: Training) -> Resources:
        """What a recipe's training asks for: a CPU and its GPUs for each worker."""
        return Resources(training.workers, training.workers * training.gpus_per_worker)

    def __str__(self) -> str:
        return f"{self.cpus} CPUs" + (f" and {self.gpus} GPUs" if self.gpus else "")


@contextmanager
def ray_cluster(needs: Resources = Resources()) -> Iterator[int]:
    """Gives the cluster's number of CPUs; inside another ``ray_cluster`` it uses that one.

    Raises `WorkFailed` when the cluster does not answer or has fewer resources than the step asks for.
    """
    quiet_environment()
    import ray

    if ray.is_initialized():
        yield _check(needs)
        return
    check_machine(needs)
    address = os.environ.get("SFACE_RAY_ADDRESS", "")
    if address:
        _connect(address)
    else:
        with _errors_kept_from_terminal():
            ray.init(
                # Named, or Ray joins any cluster that somebody else has started on this machine.
                address="local",
                num_cpus=os.cpu_count(),
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE_BYTES,
                logging_level=logging.ERROR,
                log_to_driver=bool(os.environ.get("SFACE_RAY_LOGS")),
            )
    _quiet_data()
    try:
        yield _check(needs)
    finally:
        ray.shutdown()


def run_remotely(function: Callable[..., Result], *arguments: Any) -> Result:
    """The result of ``function``, run as one Ray task somewhere on the cluster."""
    import ray

    with ray_cluster():
        return cast(Result, ray.get(ray.remote(function).remote(*arguments)))


def check_machine(needs: Resources) -> None:
    """Raises `WorkFailed` when a Ray started here could not have the CPUs asked for; a remote cluster is asked once connected."""
    has = Resources(os.cpu_count() or 1)
    if not os.environ.get("SFACE_RAY_ADDRESS") and needs.cpus > has.cpus:
        raise WorkFailed(_too_few(needs, has, "this machine"))


def _too_few(needs: Resources, has: Resources, where: str) -> str:
    return (
        f"the recipe asks for {needs} and {where} has {has}: lower training.workers or training.gpus_per_worker, or name a "
        "larger cluster in SFACE_RAY_ADDRESS."
    )


def quiet_environment() -> None:
    """Sets what Ray reads as it is imported."""
    # Nothing phones home, and no token is written into the user's home folder.
    for name, value in {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        # Ray's own processes write their warnings on the user's terminal otherwise; they stay in its log files.
        "RAY_BACKEND_LOG_LEVEL": "fatal",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        # A checkpoint's report takes 1.85 s at the default interval and 0.05 s at this one.
        "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.2",
    }.items():
        os.environ.setdefault(name, value)


def _knock(address: str) -> None:
    """Raises `WorkFailed` when nothing listens at ``host:port`` or ``ray://host:port``: Ray itself would try for minutes."""
    place = urlsplit(address if "://" in address else f"ray://{address}")
    try:
        if place.hostname is None or place.port is None:
            return  # "auto" and the like, which Ray resolves
        socket.create_connection((place.hostname, place.port), timeout=_KNOCK_SECONDS).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise WorkFailed(
            f"the Ray cluster at SFACE_RAY_ADDRESS={address} does not answer ({reason}): check the address and that it runs."
        ) from None


def _connect(address: str) -> None:
    import ray

    _knock(address)
    passed = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    try:
        ray.init(
            address=address,
            runtime_env={"env_vars": passed},
            logging_level=logging.ERROR,
            log_to_driver=bool(os.environ.get("SFACE_RAY_LOGS")),
        )
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise WorkFailed(f"the Ray cluster at SFACE_RAY_ADDRESS={address} does not answer: {reason}") from None


@contextmanager
def _errors_kept_from_terminal() -> Iterator[None]:
    """Sends what Ray's C++ side writes to standard error while it starts to nowhere: it announces its own log level there."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _quiet_data() -> None:
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def _check(needs: Resources) -> int:
    import ray

    has = ray.cluster_resources()
    cpus, gpus = int(has.get("CPU", 0)), int(has.get("GPU", 0))
    if needs.cpus > cpus or needs.gpus > gpus:
        raise WorkFailed(_too_few(needs, Resources(cpus, gpus), "the Ray cluster"))
    return cpus
