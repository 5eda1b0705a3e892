"""A store in S3, or in what speaks like it: uploads in parts that are resumed, each proved by the digest the server gives."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

from gitreg.artifacts import parallel
from gitreg.artifacts.remote import Remote
from gitreg.artifacts.store import Kept
from gitreg.artifacts.systems import System
from gitreg.errors import BusyError, ConflictError, GitregError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gitreg.artifacts.landing import Wanted
    from gitreg.artifacts.meter import Told

PART = 8 << 20  # bytes; S3 takes 5 MiB at least, and 10,000 parts at most
_MOST_PARTS = 5000
_TRIES = 2  # of one request, within our patience


class S3(System):
    """S3 by s3fs: as the environment configures it, with waits that end."""

    def _options(self) -> dict[str, Any]:
        wait = self._patience
        waits = {"connect_timeout": min(10.0, wait), "read_timeout": wait, "retries": {"max_attempts": _TRIES}}
        checks = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}  # others than AWS know no other
        return {"config_kwargs": waits | checks}

    def _opened(self) -> Any:
        made = super()._opened()
        made.retries = _TRIES
        return made

    def meant(self, what: str, error: BaseException) -> BaseException:
        """See :meth:`System.meant`; a bucket that is not there is no file that is not there."""
        answer = getattr(error.__cause__ or error, "response", None)
        if isinstance(answer, dict) and answer.get("Error", {}).get("Code") == "NoSuchBucket":
            bucket = what.removeprefix("s3://").partition("/")[0]
            return BusyError("there is no bucket {bucket!r}", bucket=bucket, hint="make it, or see what artifacts: in gitreg.yaml says")
        return super().meant(what, error)

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """Return what S3 answers to *method* about the object *path*."""
        bucket, _, key = path.partition("/")
        return self.asked(f"s3://{path}", self._fs.call_s3, method, Bucket=bucket, Key=key, **arguments)

    def begun(self, path: str) -> str | None:
        """Return the id of an upload of *path* that was begun and not ended, or None."""
        bucket, _, key = path.partition("/")
        found = self.asked(f"s3://{path}", self._fs.call_s3, "list_multipart_uploads", Bucket=bucket, Prefix=key)
        ids = [str(upload["UploadId"]) for upload in found.get("Uploads", ()) if upload["Key"] == key]
        return min(ids, default=None)  # two that look at once take the same one

    def parts(self, path: str, upload: str) -> dict[int, tuple[str, int]]:
        """Return the parts of an upload that are there: number, ETag and size."""
        found: dict[int, tuple[str, int]] = {}
        marker = 0
        while True:
            answer = self.call("list_parts", path, UploadId=upload, PartNumberMarker=marker)
            for part in answer.get("Parts", ()):
                found[int(part["PartNumber"])] = (_etag(part), int(part["Size"]))
            if not answer.get("IsTruncated"):
                return found
            marker = int(answer["NextPartNumberMarker"])


class Bucket(Remote):
    """Keeps files below an address of S3; a file that broke off is gone on with."""

    _system: S3

    def _sent(self, final: str, each: Wanted, told: Told) -> Kept:
        if each.size <= PART:
            return self._whole(final, each, told)
        return Upload(self._system, final, each, told).done()

    def _whole(self, path: str, each: Wanted, told: Told) -> Kept:
        data = b"".join(each.source.blocks())
        if hashlib.sha256(data).hexdigest() != each.sha256:
            raise _changed(each)
        etag = _etag(self._system.call("put_object", path, Body=data, ContentMD5=_md5(data)))
        if etag != hashlib.md5(data, usedforsecurity=False).hexdigest():
            read_back(self._system, path, each)
        told(len(data))
        return Kept(sent=len(data))


class Upload:
    """One file on its way, in parts; what an earlier try brought there is not sent again."""

    def __init__(self, system: S3, path: str, wanted: Wanted, told: Told) -> None:
        self._system, self._path, self._wanted, self._told = system, path, wanted, told
        self._size = part_size(wanted.size)

    def done(self) -> Kept:
        """Bring what is missing, end the upload, and see that the object is right."""
        try:
            return self._tried()
        except (NotFoundError, BusyError):  # another run may have ended the very same upload
            if self._system.size(self._path) == self._wanted.size:
                return Kept(there=self._wanted.size)
            raise

    def _tried(self) -> Kept:
        upload = self._system.begun(self._path)
        there = self._system.parts(self._path, upload) if upload else {}
        if upload is None:
            upload = str(self._system.call("create_multipart_upload", self._path)["UploadId"])
        digest = hashlib.sha256()
        sent = 0
        tags: dict[int, str] = {}
        for group in _groups(self._cut(digest)):
            missing = [(number, data) for number, data, md5 in group if there.get(number) != (md5, len(data))]
            parallel.mapped(lambda each, to=upload: self._send(to, *each), missing, parallel.WAITING)  # type: ignore[misc]
            sent += sum(len(data) for _, data in missing)
            tags |= {number: md5 for number, _, md5 in group}
            self._told(sum(len(data) for _, data, _ in group))
        if digest.hexdigest() != self._wanted.sha256:
            self._system.call("abort_multipart_upload", self._path, UploadId=upload)
            raise _changed(self._wanted)
        self._end(upload, tags)
        return Kept(sent, self._wanted.size - sent)

    def _cut(self, digest: Any) -> Iterator[tuple[int, bytes, str]]:
        """Yield number, bytes and md5 of each part, and hash the whole on the way."""
        number, buffer = 1, bytearray()
        for block in self._wanted.source.blocks():
            digest.update(block)
            buffer += block
            while len(buffer) >= self._size:
                yield _part(number, bytes(buffer[: self._size]))
                del buffer[: self._size]
                number += 1
        if buffer:
            yield _part(number, bytes(buffer))

    def _send(self, upload: str, number: int, data: bytes) -> None:
        self._system.call("upload_part", self._path, UploadId=upload, PartNumber=number, Body=data, ContentMD5=_md5(data))

    def _end(self, upload: str, tags: dict[int, str]) -> None:
        """End the upload with the tags that the server gave, which prove the parts where they are the parts' md5."""
        there = self._system.parts(self._path, upload)
        listed = [{"PartNumber": number, "ETag": there[number][0]} for number in sorted(tags) if number in there]
        self._system.call("complete_multipart_upload", self._path, UploadId=upload, MultipartUpload={"Parts": listed})
        if self._system.size(self._path) != self._wanted.size or {number: tag for number, (tag, _) in there.items()} != tags:
            read_back(self._system, self._path, self._wanted)


def part_size(size: int) -> int:
    """Return how large the parts of so large a file are: the same for whoever uploads it."""
    part = PART
    while part * _MOST_PARTS < size:
        part *= 2
    return part


def read_back(system: S3, path: str, wanted: Wanted) -> None:
    """Prove an object by reading all of it, where the server's digest is none of the bytes (they may be encrypted); what is wrong is removed.

    Raises:
        BusyError: it is not what was sent.
    """
    digest = hashlib.sha256()
    try:
        for block in system.blocks(path):
            digest.update(block)
    except GitregError:
        system.remove(path)
        raise
    if digest.hexdigest() != wanted.sha256:
        system.remove(path)
        raise BusyError("{name} arrived at the store as something else", name=wanted.name)


def _part(number: int, data: bytes) -> tuple[int, bytes, str]:
    return number, data, hashlib.md5(data, usedforsecurity=False).hexdigest()


def _groups(parts: Iterator[tuple[int, bytes, str]]) -> Iterator[list[tuple[int, bytes, str]]]:
    """Yield a few parts at a time: so many are in memory, and on their way at once."""
    group: list[tuple[int, bytes, str]] = []
    for part in parts:
        group.append(part)
        if len(group) == parallel.WAITING:
            yield group
            group = []
    if group:
        yield group


def _md5(data: bytes) -> str:
    return base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()


def _etag(answer: Any) -> str:
    return str(answer.get("ETag", "")).strip('"')


def _changed(wanted: Wanted) -> ConflictError:
    return ConflictError("{name} changed while it was copied", name=wanted.name, hint="wait until nothing writes to it, and do it again")
