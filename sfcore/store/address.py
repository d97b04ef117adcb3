"""Where a workspace lives: a folder or ``s3://bucket/prefix``, and how files there are reached."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sfcore.errors import WorkFailed, WrongUse

# A dead or wrong endpoint should be told within a few seconds, not after the client's minutes of patience.
_CONNECT_SECONDS = 5
_READ_SECONDS = 60


@dataclass(frozen=True)
class Address:
    """A place for files, local or on S3. ``root`` has no scheme and no trailing slash."""

    scheme: str
    root: str

    @staticmethod
    def parse(text: str) -> Address:
        """Reads a path or an ``s3://`` address; what follows the bucket is the name as it stands, also ``#``, ``?``, ``%``.

        Raises `WrongUse` for another scheme, no bucket, one version of an object, or no credentials.
        """
        scheme, separator, rest = text.partition("://")
        if not separator:
            return Address("file", str(Path(text).expanduser().resolve()))
        if scheme.lower() == "file":
            raise WrongUse(f"'{text}': give the plain path, without {scheme}:// before it.")
        if scheme.lower() != "s3":
            raise WrongUse(f"'{text}': only folders and s3:// addresses can hold files of sface, not {scheme}://.")
        if not rest.partition("/")[0]:
            raise WrongUse(f"'{text}' names no bucket: write s3://bucket/prefix.")
        if "?versionId=" in rest:  # s3fs drops it and reads the newest version
            raise WrongUse(f"'{text}': sface reads the newest version of an object; leave ?versionId= out.")
        # Asked before any client exists: without keys, a client tries the cloud's metadata service and hangs where there is none.
        if not _has_credentials():
            raise WrongUse(
                f"{text} needs credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_ENDPOINT_URL for a store "
                "that is not Amazon's)."
            )
        return Address("s3", rest.rstrip("/"))

    @property
    def is_local(self) -> bool:
        """Whether the files lie on this machine's disk."""
        return self.scheme == "file"

    @property
    def uri(self) -> str:
        """The address as people and Delta write it."""
        return self.root if self.is_local else f"s3://{self.root}"

    def at(self, relative: str) -> Address:
        """The address of something below this one."""
        return Address(self.scheme, f"{self.root}/{relative}" if relative else self.root)

    @cached_property
    def files(self) -> Any:
        """The fsspec file system that reaches the files (not cached between processes: connections must not be shared)."""
        if self.is_local:
            from fsspec.implementations.local import LocalFileSystem

            return LocalFileSystem()
        import s3fs

        # No region here: with us-east-1 s3fs sends a location constraint that servers refuse.
        return s3fs.S3FileSystem(
            endpoint_url=os.environ.get("AWS_ENDPOINT_URL") or None,
            config_kwargs={"connect_timeout": _CONNECT_SECONDS, "read_timeout": _READ_SECONDS, "retries": {"max_attempts": 4}},
            # Other processes write here too: a remembered listing would hide their files.
            use_listings_cache=False,
        )

    @property
    def delta_options(self) -> dict[str, str]:
        """Options for delta-rs; it reads keys from the environment by itself, but knows no profile files."""
        if self.is_local:
            return {}
        options = {
            "max_retries": "4",
            "retry_timeout": "20s",
            "connect_timeout": f"{_CONNECT_SECONDS}s",
            "timeout": f"{_READ_SECONDS}s",
        }
        if not os.environ.get("AWS_ACCESS_KEY_ID"):
            options |= _profile_keys()
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        if endpoint:
            options["AWS_ENDPOINT_URL"] = endpoint
            options["AWS_REGION"] = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        if endpoint.startswith("http://"):
            options["AWS_ALLOW_HTTP"] = "true"
        return options

    def check_reachable(self) -> None:
        """Asks before a workspace is opened; a folder is always reachable.

        Raises `WorkFailed` when the bucket is missing or its server does not answer, `WrongUse` for a prefix that Delta would not
        take as it stands: it ends an address at ``#`` or ``?`` and decodes ``%``, so that tables would lie elsewhere than files.
        """
        if self.is_local:
            return
        unclear = [sign for sign in "#?%" if sign in self.root]
        if unclear:
            raise WrongUse(f"'{self.uri}' cannot hold a workspace: choose a prefix without '{unclear[0]}'.")
        bucket = self.root.split("/", 1)[0]
        try:
            self.files.call_s3("head_bucket", Bucket=bucket)
        except FileNotFoundError:
            raise WorkFailed(f"{self.uri}: there is no bucket '{bucket}' on this S3 server; create it first.") from None
        except PermissionError:
            raise WorkFailed(f"{self.uri}: the S3 server refuses these credentials for bucket '{bucket}'.") from None
        except Exception as error:
            server = os.environ.get("AWS_ENDPOINT_URL") or "Amazon S3"
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise WorkFailed(f"{self.uri}: {server} does not answer for bucket '{bucket}' ({reason}).") from None


# Where clients find keys by themselves, delta-rs and s3fs alike.
_PROMISED = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")


def _has_credentials() -> bool:
    """Whether keys are in the environment, in a profile file, or promised by a role or container."""
    env = os.environ
    if env.get("AWS_ACCESS_KEY_ID") and env.get("AWS_SECRET_ACCESS_KEY"):
        return True
    return any(env.get(name) for name in _PROMISED) or bool(_profile_keys())


def _profile_keys() -> dict[str, str]:
    """The keys of the profile in force, under the names of the environment; empty without a file or a profile.

    Raises `WrongUse` when the file cannot be read.
    """
    path = Path(os.environ.get("AWS_SHARED_CREDENTIALS_FILE") or Path.home() / ".aws" / "credentials")
    if not path.is_file():
        return {}
    profiles = configparser.ConfigParser(interpolation=None)
    try:
        profiles.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise WrongUse(f"the credentials file {path} cannot be read: {str(error).splitlines()[0]}.") from None
    profile = os.environ.get("AWS_PROFILE") or "default"
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    keys = {name.upper(): profiles[profile][name] for name in names if profiles.has_option(profile, name)}
    return keys if len(keys) >= 2 else {}
