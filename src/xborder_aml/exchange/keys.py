"""Keys of the user: signatures by Ed25519, encryption by age.

Keys are files that the user makes, keeps and hands in; the library stores none. A signature is the
64 bytes of RFC 8032 over the manifest as it is, and keys are PEM files of RFC 8410, so that other
programs, ``openssl pkeyutl -verify -rawin`` for one, can check it without this library.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xborder_aml.errors import (
    DataError,
    DatasetUnavailableError,
    MissingExtraError,
    ParameterError,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = [
    "AGE_MAGIC",
    "Signer",
    "decrypt",
    "encrypt",
    "fingerprint_of",
    "make_identity",
    "make_signing_key",
    "read_public",
    "signed_by",
]

AGE_MAGIC = b"age-encryption.org/v1\n"


@dataclass(frozen=True, eq=False)
class Signer:
    """A private key, ready to sign."""

    key: Ed25519PrivateKey

    @classmethod
    def read(cls, path: str | os.PathLike[str], passphrase: str | None = None) -> Signer:
        """Read a private key from a PEM file.

        Raises
        ------
        DatasetUnavailableError
            If there is no such file.
        DataError
            If it holds no Ed25519 private key, or the passphrase does not open it.
        MissingExtraError
            If cryptography is not installed (extra ``seal``).
        """
        crypto = _cryptography()
        text = _content(path, "private key")
        try:
            key = crypto.load_pem_private_key(
                text, None if passphrase is None else passphrase.encode("utf-8")
            )
        except (ValueError, TypeError, crypto.UnsupportedAlgorithm) as error:
            why = "it is protected by a passphrase" if passphrase is None else "is this it?"
            if b"ENCRYPTED" not in text:
                why = "it is no private key in PEM"
            raise DataError(f"the signing key {str(path)!r} cannot be read: {why}") from error
        if not _is_ed25519(key):
            raise DataError(f"{str(path)!r} is no Ed25519 key; make one with bundle keygen")
        return cls(key)

    @property
    def public(self) -> bytes:
        """The public key as PEM."""
        return _pem(self.key.public_key())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the raw public key, 64 hex digits."""
        return fingerprint_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of a signature."""
        return self.key.sign(message)


def make_signing_key(path: str | os.PathLike[str], *, passphrase: str | None = None) -> str:
    """Write a new private key to `path` and its public key beside it, as ``.pub``.

    Only the owner can read the private key. Without a passphrase, whoever has the file can sign.

    Returns
    -------
    str
        Fingerprint of the public key.

    Raises
    ------
    ParameterError
        If one of the files is there already: keys are never written over.
    MissingExtraError
        If cryptography is not installed (extra ``seal``).
    """
    crypto = _cryptography()
    key = crypto.Ed25519PrivateKey.generate()
    lock: Any = crypto.NoEncryption()
    if passphrase is not None:
        if not passphrase:
            raise ParameterError("the passphrase is empty; give one, or none at all")
        lock = crypto.BestAvailableEncryption(passphrase.encode("utf-8"))
    private = key.private_bytes(crypto.Encoding.PEM, crypto.PrivateFormat.PKCS8, lock)
    public = _pem(key.public_key())
    _write_pair(Path(path), private, public)
    return fingerprint_of(public)


def make_identity(path: str | os.PathLike[str]) -> str:
    """Write a new age identity, which decrypts, to `path`, and its recipient beside it, ``.pub``.

    Returns
    -------
    str
        The recipient, ``age1...``: what others encrypt to.

    Raises
    ------
    ParameterError
        If one of the files is there already: keys are never written over.
    MissingExtraError
        If pyrage is not installed (extra ``seal``).
    """
    identity = _age().x25519.Identity.generate()
    recipient = str(identity.to_public())
    _write_pair(Path(path), f"{identity}\n".encode("ascii"), f"{recipient}\n".encode("ascii"))
    return recipient


def read_public(path: str | os.PathLike[str]) -> bytes:
    """Read a public key from a PEM file, and return it as this library spells it.

    Raises
    ------
    DatasetUnavailableError
        If there is no such file.
    DataError
        If it holds no Ed25519 public key.
    """
    return _pem(_public(_content(path, "public key"), repr(str(path))))


def fingerprint_of(public: bytes) -> str:
    """Return the SHA-256 of the raw bytes of a public key in PEM, 64 hex digits."""
    crypto = _cryptography()
    raw = _public(public, "the public key").public_bytes(
        crypto.Encoding.Raw, crypto.PublicFormat.Raw
    )
    return hashlib.sha256(raw).hexdigest()


def signed_by(public: bytes, signature: bytes, message: bytes) -> str | None:
    """Return the fingerprint of the key that signed a message; None if it did not sign this one.

    Raises
    ------
    DataError
        If `public` is no Ed25519 key, or is not spelled as `make_signing_key` spells it.
    """
    key = _public(public, "the public key")
    if _pem(key) != public:
        raise DataError("the public key is not spelled as it was written; it was changed")
    try:
        key.verify(signature, message)
    except _cryptography().InvalidSignature:
        return None
    return fingerprint_of(public)


def encrypt(message: bytes, recipients: list[str]) -> bytes:
    """Encrypt to the owners of recipients, each ``age1...`` or a file that holds one.

    The result differs each time, because age draws a new key for each message.

    Raises
    ------
    ParameterError
        If a recipient is none.
    MissingExtraError
        If pyrage is not installed (extra ``seal``).
    """
    age = _age()
    keys = []
    for text in recipients:
        told = text
        if not text.startswith("age1"):
            told = _content(text, "recipient").decode("utf-8", "replace")
        try:
            keys.append(age.x25519.Recipient.from_str(told.strip()))
        except age.RecipientError as error:
            raise ParameterError(
                f"{text!r} is no recipient of age, like age1...: {error}"
            ) from error
    return bytes(age.encrypt(message, keys))


def decrypt(message: bytes, identity: str | os.PathLike[str]) -> bytes:
    """Decrypt with the identity in a file.

    Raises
    ------
    DatasetUnavailableError
        If there is no such file.
    DataError
        If the file holds no identity, or the message is for another one, or was changed.
    MissingExtraError
        If pyrage is not installed (extra ``seal``).
    """
    age = _age()
    text = _content(identity, "identity").decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-")]
    try:
        keys = [age.x25519.Identity.from_str(line) for line in lines]
    except age.IdentityError as error:
        raise DataError(f"{str(identity)!r} holds no identity of age: {error}") from error
    if not keys:
        raise DataError(f"{str(identity)!r} holds no identity of age, like AGE-SECRET-KEY-1...")
    try:
        return bytes(age.decrypt(message, keys))
    except age.DecryptError as error:
        raise DataError(
            "the bundle cannot be decrypted: it is for another identity, or was changed"
        ) from error


def _write_pair(path: Path, private: bytes, public: bytes) -> None:
    beside = path.with_name(path.name + ".pub")
    for file in (path, beside):
        if file.exists():
            raise ParameterError(f"there is a file {str(file)!r} already; keys are not overwritten")
    for file, content, mode in ((path, private, 0o600), (beside, public, 0o644)):
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
            out.write(content)


def _content(path: str | os.PathLike[str], what: str) -> bytes:
    file = Path(path)
    if not file.is_file():
        raise DatasetUnavailableError(f"there is no {what} {str(file)!r}; check the path")
    return file.read_bytes()


def _public(text: bytes, what: str) -> Ed25519PublicKey:
    crypto = _cryptography()
    try:
        key = crypto.load_pem_public_key(text)
    except (ValueError, TypeError, crypto.UnsupportedAlgorithm) as error:
        raise DataError(f"{what} is no public key in PEM") from error
    if not _is_ed25519(key):
        raise DataError(f"{what} is no Ed25519 key")
    return key  # type: ignore[no-any-return]


def _is_ed25519(key: Any) -> bool:
    crypto = _cryptography()
    return isinstance(key, crypto.Ed25519PrivateKey | crypto.Ed25519PublicKey)


def _pem(key: Ed25519PublicKey) -> bytes:
    crypto = _cryptography()
    return key.public_bytes(crypto.Encoding.PEM, crypto.PublicFormat.SubjectPublicKeyInfo)


def _cryptography() -> Any:
    """Return what is used of cryptography, under one name."""
    try:
        from xborder_aml.exchange import _ed25519
    except ImportError as error:
        raise MissingExtraError("cryptography", "seal", "signing and its checking") from error
    return _ed25519


def _age() -> Any:
    try:
        import pyrage
    except ImportError as error:
        raise MissingExtraError("pyrage", "seal", "encryption") from error
    return pyrage
