"""Checking an evidence bundle: signatures, hashes, log, schemas, sums, and every figure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xborder_aml.errors import DataError, ParameterError
from xborder_aml.exchange._checks import Findings, Verification, check_contents, in_words
from xborder_aml.exchange.bundle import (
    CONTENT,
    FORMAT,
    HASHED,
    LOG,
    MANIFEST,
    SIGNATURES,
    SUMS,
    check_names,
    file_facts,
    input_facts,
    log_entries,
    manifest_sum,
    read_bundle,
)
from xborder_aml.exchange.canonical import hash_of, read_canonical
from xborder_aml.exchange.chain import head_of, read_chain
from xborder_aml.exchange.keys import fingerprint_of, read_public, signed_by

__all__ = ["Verification", "open_bundle", "verify_bundle"]

_KEYS = {
    "format", "version", "inputs", "parameters", "files", "tables", "n_figures", "notes", "signers",
    "hashes", "log",
}  # fmt: skip


def verify_bundle(
    path: str | os.PathLike[str],
    *,
    trust: Sequence[str | os.PathLike[str]] = (),
    identity: str | os.PathLike[str] | None = None,
    xsd: Sequence[str | os.PathLike[str]] = (),
    inputs: Sequence[str | os.PathLike[str]] = (),
) -> Verification:
    """Check a bundle, from its archive's bytes to the figures of its case file.

    Nothing inside is read as a table, a page or a figure unless every hash agrees first.

    Parameters
    ----------
    path
        The bundle: an archive, an encrypted archive, or a folder that one was unpacked to.
    trust
        Files of public keys, got by another way than the bundle: each must have signed it. Without
        one, a signature proves that the bundle was not changed after somebody signed it, and not
        who that was.
    identity
        File of an age identity, for an encrypted archive.
    xsd
        XML schemas: each XML file of the bundle must be valid by one of them.
    inputs
        Files, like the ledger, that must be what the case was made from. Own tables of law are
        among them where the case is to be made again.

    Raises
    ------
    DatasetUnavailableError
        If a file is not there.
    ParameterError
        If the bundle is encrypted and no identity is given.
    DataError
        If it cannot be decrypted, or a key or schema is none.
    MissingExtraError
        If it is signed, encrypted or has XML to check, and the package for that is not installed.
    """
    trusted = [fingerprint_of(read_public(key)) for key in trust]
    came_in = [input_facts(file) for file in inputs]
    found = Findings()
    try:
        files = read_bundle(path, identity=identity)
        check_names(files)
        manifest = _manifest(files)
    except ParameterError:
        raise
    except DataError as error:
        found.problems.append(str(error))
        return found.done()
    _signatures(files, manifest, trusted, found)
    found.tell(_wrong_files(files, manifest), f"{in_words(manifest['files'], 'file')} as sealed")
    found.tell(_wrong_log(files, manifest), "the log is whole and agrees with the manifest")
    if found.problems:
        found.unchecked.append("tables, sums and figures, because the files are not as sealed")
        return found.done()
    if came_in:
        _inputs(came_in, manifest, found)
    content = {n.removeprefix(CONTENT): d for n, d in files.items() if n.startswith(CONTENT)}
    check_contents(content, manifest, xsd, inputs, found)
    return found.done()


def open_bundle(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    identity: str | os.PathLike[str] | None = None,
) -> None:
    """Write the files of a bundle into a new folder, which can be verified as the bundle can.

    Raises
    ------
    ParameterError
        If the folder is there already, or the bundle is encrypted and no identity is given.
    DatasetUnavailableError
        If there is no such bundle.
    DataError
        If the bundle cannot be read.
    """
    target = Path(folder)
    if target.exists():
        raise ParameterError(f"{str(target)!r} is there already; name a folder that is not")
    files = read_bundle(path, identity=identity)
    check_names(files)  # none leads out of the folder
    for name, data in files.items():
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


# -- integrity -------------------------------------------------------------------------------------


def _manifest(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the manifest, once its hash and its form agree."""
    for name in (MANIFEST, SUMS, LOG):
        if name not in files:
            raise DataError(f"there is no {name}; this is no bundle, or a part was taken out")
    text = files[MANIFEST]
    if files[SUMS] != manifest_sum(text):
        raise DataError(f"{MANIFEST} is not what {SUMS} says; one of the two was changed")
    manifest = read_canonical(text, MANIFEST)
    if not isinstance(manifest, dict) or set(manifest) != _KEYS or manifest["format"] != FORMAT:
        raise DataError(f"{MANIFEST} is not of the form {FORMAT!r}")
    if {name: hash_of(manifest[name]) for name in HASHED} != manifest["hashes"]:
        raise DataError(f"the hashes in {MANIFEST} are not those of its parts")
    lists = [manifest[name] for name in ("files", "signers", "notes", "inputs")]
    well_formed = all(isinstance(part, list) for part in lists) and all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str)
        for entry in manifest["files"]
    )
    texts = [*manifest["signers"], *manifest["notes"]] if well_formed else [None]
    if not all(isinstance(text, str) for text in texts):
        raise DataError(f"{MANIFEST} is not of the form {FORMAT!r}")
    return manifest


def _signatures(
    files: Mapping[str, bytes], manifest: Mapping[str, Any], trusted: list[str], found: Findings
) -> None:
    told = set(manifest["signers"])
    wanted = {f"{SIGNATURES}{name}.{kind}" for name in told for kind in ("pem", "sig")}
    there = {name for name in files if name.startswith(SIGNATURES)}
    for name in sorted(wanted ^ there):
        word = "is missing" if name in wanted else "is not one that the manifest names"
        found.problems.append(f"{name} {word}")
    for name in sorted(told):
        key, signature = (files.get(f"{SIGNATURES}{name}.{kind}") for kind in ("pem", "sig"))
        if key is None or signature is None:
            continue
        try:
            holds = signed_by(key, signature, files[MANIFEST]) == name
        except DataError as error:
            found.problems.append(f"signature {name[:16]}: {error}")
            continue
        if holds:
            found.signers.append(name)
        else:
            found.problems.append(f"signature {name[:16]} is not one of this manifest by this key")
    for name in trusted:
        sentence = f"the bundle is signed by the key {name[:16]}, which you trust"
        problem = f"the bundle is not signed by the key {name[:16]}, which you trust"
        found.tell([] if name in found.signers else [problem], sentence)
    unknown = [name for name in found.signers if name not in trusted]
    if unknown:
        found.checked.append(f"{in_words(unknown, 'signature')} by keys whose owner is not known")
    if not told:
        found.unchecked.append("who made the bundle: it is not signed, so anyone can have made it")
    elif unknown and not trusted:
        found.unchecked.append(
            "who signed: give the public key that you got from the signer another way (--trust); "
            f"the bundle names {', '.join(name[:16] for name in unknown)}"
        )


def _wrong_files(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> list[str]:
    told = {CONTENT + entry["name"]: entry for entry in manifest["files"]}
    own = {MANIFEST, SUMS, LOG}
    there = {n for n in files if n not in own and not n.startswith(SIGNATURES)}
    problems = [f"{name} is missing" for name in sorted(set(told) - there)]
    problems += [f"{name} was added" for name in sorted(there - set(told))]
    for name in sorted(there & set(told)):
        if file_facts(name.removeprefix(CONTENT), files[name]) != told[name]:
            problems.append(f"{name} was changed")
    return problems


def _wrong_log(files: Mapping[str, bytes], manifest: Mapping[str, Any]) -> list[str]:
    try:
        entries = read_chain(files[LOG], LOG)
    except DataError as error:
        return [str(error)]
    if head_of(files[LOG]) != manifest["log"] or entries != log_entries(manifest):
        return [f"{LOG} is not the one that the manifest names"]
    return []


def _inputs(
    given: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any], found: Findings
) -> None:
    """Compare files by size and hash; a name may have changed."""
    known = {entry.get("sha256") for entry in manifest["inputs"] if isinstance(entry, dict)}
    wrong = [
        f"{entry['name']} is not among the inputs that the case was made from"
        for entry in given
        if entry["sha256"] not in known
    ]
    found.tell(wrong, f"{in_words(given, 'input')} that the case was made from")
