"""The commands about evidence bundles: bundle, verify."""

from __future__ import annotations

from typing import Any

import click

from xborder_aml.cli._group import BAD_INPUT, INCOMPLETE, verbosity
from xborder_aml.cli._talk import Talk

__all__ = ["bundle", "verify"]

_identity = click.option(
    "--identity", metavar="FILE", help="age identity that decrypts an encrypted bundle."
)


class _Shortcut(click.Group):
    """A group where `bundle DIR` is short for `bundle seal DIR`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the command before arguments that name none."""
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["seal", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Shortcut, short_help="Seal a case into one file whose every byte can be checked.")
def bundle() -> None:
    """Seal a case into one file whose every byte can be checked, and make keys for that.

    `bundle DIR --out FILE` is short for `bundle seal DIR --out FILE`.
    """


@bundle.command(short_help="Seal the files of a folder in one file.")
@click.argument("folder", metavar="DIR")
@click.option("--out", required=True, metavar="FILE", help="The bundle, like case.zip.")
@click.option("--sign", multiple=True, metavar="KEY", help="Private key that signs it.")
@click.option(
    "--encrypt-to",
    multiple=True,
    metavar="RECIPIENT",
    help="age recipient (age1... or a file) who alone can open it.",
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE",
    help="File that the case was made from, like the ledger: its hash is sealed, it is not.",
)
@click.option(
    "--note", "notes", multiple=True, metavar="TEXT", help="Sentence for the log of the bundle."
)
@verbosity
def seal(
    folder: str,
    out: str,
    sign: tuple[str, ...],
    encrypt_to: tuple[str, ...],
    inputs: tuple[str, ...],
    notes: tuple[str, ...],
) -> None:
    """Seal the files of DIR in one file: hashes, a log, and signatures if keys are given.

    The same files, notes and keys give the same bytes, unless they are encrypted. Prints the hash
    of the manifest, which stands for all of it: whoever has that hash can tell if one byte changed.
    """
    from xborder_aml.exchange.bundle import seal_bundle
    from xborder_aml.exchange.canonical import hash_of

    signers = [_signer(key) for key in sign]
    with Talk() as talk:
        manifest = seal_bundle(
            folder, out, sign=signers, encrypt_to=encrypt_to, inputs=inputs, notes=notes
        )
        click.echo(hash_of(manifest))
        talk.say(
            f"sealed {out}: files {len(manifest['files']):,}, figures {manifest['n_figures']:,}"
        )


def _signer(path: str) -> Any:
    """Read a private key, and ask for its passphrase where it has one."""
    from pathlib import Path

    from xborder_aml.exchange.keys import Signer

    file = Path(path)
    protected = file.is_file() and b"ENCRYPTED" in file.read_bytes()
    phrase = click.prompt(f"Passphrase of {path}", hide_input=True, err=True) if protected else None
    return Signer.read(path, phrase)


@bundle.command(short_help="Make a key pair to sign, or to decrypt.")
@click.argument("out", metavar="FILE")
@click.option(
    "--for",
    "purpose",
    type=click.Choice(["signing", "encryption"]),
    default="signing",
    show_default=True,
    help="What the key is for.",
)
@click.option("--passphrase", is_flag=True, help="Ask for a passphrase that protects it.")
def keygen(out: str, purpose: str, passphrase: bool) -> None:
    """Make a key pair: the private half in FILE, for you alone, the public half in FILE.pub.

    Prints the fingerprint of a signing key, or the recipient that others encrypt to. Nothing is
    kept elsewhere: a lost key cannot be restored.
    """
    from xborder_aml.errors import ParameterError
    from xborder_aml.exchange.keys import make_identity, make_signing_key

    if purpose == "encryption":
        if passphrase:
            raise ParameterError("an age identity has no passphrase here; leave --passphrase out")
        click.echo(make_identity(out))
        return
    phrase = None
    if passphrase:
        phrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    click.echo(make_signing_key(out, passphrase=phrase))


@bundle.command("open", short_help="Unpack a bundle into a new folder.")
@click.argument("path", metavar="BUNDLE")
@click.option("--out", required=True, metavar="DIR", help="The folder, which must not be there.")
@_identity
def open_(path: str, out: str, identity: str | None) -> None:
    """Unpack BUNDLE into a new folder, which `verify` checks as it checks the bundle.

    It only unpacks: verify first.
    """
    from xborder_aml.exchange.verify import open_bundle

    open_bundle(path, out, identity=identity)


@click.command(short_help="Check a bundle: signatures, hashes, log, tables, sums, figures.")
@click.argument("path", metavar="BUNDLE")
@click.option(
    "--trust",
    multiple=True,
    metavar="KEY.pub",
    help="Public key that must have signed it, got by another way than the bundle.",
)
@click.option("--xsd", multiple=True, metavar="FILE", help="XML schema for the XML files in it.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="FILE",
    help="File that must be one that the case was made from, like the ledger or a table of law.",
)
@_identity
@verbosity
def verify(
    path: str,
    trust: tuple[str, ...],
    xsd: tuple[str, ...],
    inputs: tuple[str, ...],
    identity: str | None,
) -> None:
    """Check BUNDLE, a file or a folder, from its bytes to the figures of its case file.

    Checks signatures, the hash of every file, the log, tables against their declared form, XML
    against schemas, sums, works out every figure anew from the transactions it names, and makes
    each case that `refer` wrote again, to compare all of it. Exit code
    0: all was checked and holds; 3: something is wrong; 4: nothing is wrong, but some could not be
    checked, like a signature by a key that you did not name.
    """
    from xborder_aml.exchange.verify import verify_bundle

    with Talk() as talk:
        found = verify_bundle(path, trust=trust, identity=identity, xsd=xsd, inputs=inputs)
        for sentence in found.checked:
            click.echo(f"ok     {sentence}")
        for sentence in found.problems:
            click.echo(f"WRONG  {sentence}")
        for sentence in found.unchecked:
            talk.insist(f"not checked: {sentence}")
        if found.problems:
            talk.insist("error: the bundle is not what was sealed, or does not hold")
            click.get_current_context().exit(BAD_INPUT)
    if found.unchecked:
        click.get_current_context().exit(INCOMPLETE)
