"""An evidence bundle: the files of a case, what they hash to, a log, and who signed it.

::

    manifest.json              inputs, parameters, version, files, tables: canonical JSON
    manifest.sha256            hash of the manifest, as sha256sum writes it
    log.jsonl                  how it came about, each line holding the one before it
    signatures/KEY.pem, .sig   who signed the manifest, and the signature
    content/...                the files, byte by byte

The manifest holds the hash of every file and of the log, and the signatures hold the manifest. The
archive is a ZIP file without compression that has one spelling only: the same files are the same
bytes, and what is spelled otherwise was changed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import xborder_aml
from xborder_aml._files import write_whole
from xborder_aml.errors import DataError, DatasetUnavailableError, ParameterError
from xborder_aml.exchange._contents import figures_in, tables_in
from xborder_aml.exchange.canonical import canonical_json, hash_of
from xborder_aml.exchange.chain import chain, head_of
from xborder_aml.exchange.keys import AGE_MAGIC, Signer, decrypt, encrypt

__all__ = [
    "CONTENT", "FORMAT", "HASHED", "LOG", "MANIFEST", "SIGNATURES", "SUMS", "check_names",
    "file_facts", "input_facts", "log_entries", "manifest_sum", "pack", "read_bundle", "seal",
    "seal_bundle", "unpack",
]  # fmt: skip

FORMAT = "xborder-aml evidence bundle 1"
MANIFEST, SUMS, LOG = "manifest.json", "manifest.sha256", "log.jsonl"
CONTENT, SIGNATURES = "content/", "signatures/"
HASHED = ("inputs", "parameters", "files", "tables", "version")
"""Parts of the manifest that have a hash of their own, so that two bundles are quickly compared."""

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
_BROKEN_ZIP = (
    zipfile.BadZipFile, RuntimeError, ValueError, EOFError, OSError,
    struct.error, zlib.error, IndexError, KeyError, OverflowError, MemoryError,
)  # fmt: skip


def seal_bundle(
    folder: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    sign: Sequence[Signer] = (),
    encrypt_to: Sequence[str] = (),
    inputs: Sequence[str | os.PathLike[str]] = (),
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Seal the files of a folder in a bundle, and write it to a file.

    Parameters
    ----------
    folder
        What `score`, `trace` or `refer` wrote, and whatever else belongs to the case. Parameters
        are taken from its ``parameters.json``, ``manifest.json``, ``referral.json`` or
        ``trace.json``, and inputs from the same. Hidden files and folders, those whose
        name begins with a dot, are left out.
    out
        The file to write; it is whole or absent.
    sign
        Keys that sign the manifest.
    encrypt_to
        Recipients of age, ``age1...`` or files: only they can open the result.
    inputs
        Files that the case was made from, like the ledger: their hashes are sealed, they are not.
    notes
        Sentences for the log, like who handed the ledger over and when.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    DatasetUnavailableError
        If there is no such folder, or no such input.
    ParameterError
        If `out` lies in the folder, or a recipient is none.
    DataError
        If the folder is empty, a file has a name that not every system can hold, or a table or the
        figures cannot be read.
    MissingExtraError
        If signing or encryption is asked for and its package is not installed (extra ``seal``).

    Notes
    -----
    The same files, notes and keys give the same bytes, save for encryption, which draws a new key
    each time. Everything is held in memory.
    """
    target = Path(out)
    if target.resolve().is_relative_to(Path(folder).resolve()):
        raise ParameterError(
            f"{str(target)!r} lies in the folder that is sealed, and would be part of the next "
            "bundle; put it beside the folder"
        )
    content = _files_of(Path(folder), hidden=False)
    if not content:
        raise DataError(f"there is no file in {str(folder)!r} to seal")
    files = seal(content, sign=sign, inputs=[input_facts(path) for path in inputs], notes=notes)
    sealed = pack(files)
    if encrypt_to:
        sealed = encrypt(sealed, list(encrypt_to))
    write_whole(target, lambda aside: aside.write_bytes(sealed))
    manifest: dict[str, Any] = json.loads(files[MANIFEST])
    return manifest


def seal(
    content: Mapping[str, bytes],
    *,
    sign: Sequence[Signer] = (),
    inputs: Sequence[Mapping[str, Any]] = (),
    notes: Sequence[str] = (),
) -> dict[str, bytes]:
    """Return the files of a bundle that holds `content`, from name to bytes."""
    check_names(content)
    told, parameters = _described(content)
    files = [file_facts(name, content[name]) for name in sorted(content)]
    signers = {signer.fingerprint: signer for signer in sign}
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "version": xborder_aml.__version__,
        "inputs": [*told, *inputs],
        "parameters": parameters,
        "files": files,
        "tables": tables_in(content),
        "n_figures": sum(map(len, figures_in(content).values())),
        "notes": list(notes),
        "signers": sorted(signers),
    }
    manifest["hashes"] = {name: hash_of(manifest[name]) for name in HASHED}
    log = chain(log_entries(manifest))
    manifest["log"] = head_of(log)
    text = canonical_json(manifest)
    out = {MANIFEST: text, SUMS: manifest_sum(text), LOG: log}
    for name, signer in signers.items():
        out[f"{SIGNATURES}{name}.pem"] = signer.public
        out[f"{SIGNATURES}{name}.sig"] = signer.sign(text)
    return out | {CONTENT + name: data for name, data in content.items()}


def log_entries(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the log tells of a bundle, in order."""
    hashes = manifest["hashes"]
    return [
        *({"event": "note", "text": text} for text in manifest["notes"]),
        *({"event": "input", "input": entry} for entry in manifest["inputs"]),
        {"event": "parameters", "sha256": hashes["parameters"]},
        *({"event": "file", **entry} for entry in manifest["files"]),
        {"event": "tables", "sha256": hashes["tables"]},
        {
            "event": "sealed",
            "version": manifest["version"],
            "files": hashes["files"],
            "signers": manifest["signers"],
        },
    ]


def file_facts(name: str, data: bytes) -> dict[str, Any]:
    """Return what the manifest says of a file."""
    return {"name": name, "bytes": len(data), "sha256": _sha256(data)}


def input_facts(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what the manifest says of a file that is not in the bundle.

    Raises
    ------
    DatasetUnavailableError
        If there is no such file.
    """
    file = Path(path)
    if not file.is_file():
        raise DatasetUnavailableError(f"there is no input {str(file)!r}; check the path")
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    return {"name": file.name, "bytes": file.stat().st_size, "sha256": digest}


def manifest_sum(manifest: bytes) -> bytes:
    """Return the line that ``sha256sum --check`` reads."""
    return f"{_sha256(manifest)}  {MANIFEST}\n".encode("ascii")


# -- the archive -----------------------------------------------------------------------------------


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return files as an archive; the same files are the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)  # 1980-01-01, the first day that ZIP knows
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return out.getvalue()


def unpack(archive: bytes) -> dict[str, bytes]:
    """Return the files of an archive.

    Raises
    ------
    DataError
        If it is not, byte by byte, what `pack` makes of them.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            entries = opened.infolist()
            if sum(entry.file_size for entry in entries) > len(archive):
                raise DataError("the archive says that it holds more than it does")
            files = {entry.filename: opened.read(entry) for entry in entries}
    except _BROKEN_ZIP as error:
        raise DataError(f"the archive is broken: {error}") from error
    check_names(files)
    if pack(files) != archive:
        raise DataError("the archive is not spelled as bundles are; it was changed or made anew")
    return files


def read_bundle(
    path: str | os.PathLike[str], *, identity: str | os.PathLike[str] | None = None
) -> dict[str, bytes]:
    """Return the files of a bundle that is a folder, an archive, or an encrypted archive.

    Raises
    ------
    DatasetUnavailableError
        If there is no such file or folder.
    ParameterError
        If it is encrypted and no identity is given.
    DataError
        If it cannot be read or decrypted.
    """
    place = Path(path)
    if place.is_dir():
        files = _files_of(place, hidden=True)
        if SUMS not in files and LOG not in files:
            raise DataError(
                f"the folder {place.name} is not sealed: it has no {SUMS}; seal it with "
                "xborder-aml bundle seal, and give the file that this writes"
            )
        return files
    if not place.is_file():
        raise DatasetUnavailableError(f"there is no bundle {str(place)!r}; check the path")
    data = place.read_bytes()
    if data.startswith(AGE_MAGIC):
        if identity is None:
            raise ParameterError(f"{place.name} is encrypted; give the identity that decrypts it")
        data = decrypt(data, identity)
    elif not data.startswith(b"PK"):
        raise DataError(f"{place.name} is no bundle: neither an archive nor encrypted by age")
    return unpack(data)


def check_names(names: Iterable[str]) -> None:
    """Raise unless every system can hold files of these names side by side."""
    seen: dict[str, str] = {}
    for name in names:
        if not _NAME.fullmatch(name) or any(part.endswith(".") for part in name.split("/")):
            raise DataError(
                f"a file is named {name!r}; a bundle holds names of letters, digits, '_', '-' and "
                "'.' only, not beginning or ending with '.'"
            )
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise DataError(f"the files {other!r} and {name!r} are one on some systems; rename one")


def _files_of(folder: Path, *, hidden: bool) -> dict[str, bytes]:
    if not folder.is_dir():
        raise DatasetUnavailableError(f"there is no folder {str(folder)!r}; check the path")
    out = {}
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if not hidden and any(part.startswith(".") for part in parts):
            continue
        name = "/".join(parts)
        if path.is_symlink():
            raise DataError(f"{name!r} is a link; put the file itself there")
        if path.is_file():
            out[name] = path.read_bytes()
        elif not path.is_dir():
            raise DataError(f"{name!r} is neither a file nor a folder")
    return out


def _described(content: Mapping[str, bytes]) -> tuple[list[Any], dict[str, Any]]:
    """Return inputs and parameters, as the files that the library writes tell them."""
    run = _object(content, "manifest.json")
    inputs, parameters = run.get("inputs", []), run.get("parameters", {})
    for name in ("trace.json", "referral.json", "parameters.json"):  # the most telling last
        told = _object(content, name)
        parameters, inputs = told or parameters, told.get("inputs", inputs)
    if not isinstance(inputs, list) or not isinstance(parameters, dict):
        raise DataError("a file of the folder has inputs or parameters of another form")
    return inputs, parameters


def _object(content: Mapping[str, bytes], name: str) -> dict[str, Any]:
    if name not in content:
        return {}
    try:
        value = json.loads(content[name])
    except (ValueError, RecursionError) as error:
        raise DataError(f"{name} is no JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f"{name} holds no object")
    return value


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
