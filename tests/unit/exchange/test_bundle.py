"""A bundle is the same bytes for the same files, and whatever is changed in it is caught."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

import xborder_aml as xb
from xborder_aml.exchange import bundle as bundles
from xborder_aml.exchange.bundle import MANIFEST, pack, seal, seal_bundle, unpack
from xborder_aml.exchange.canonical import canonical_json
from xborder_aml.exchange.keys import Signer, make_identity, make_signing_key, read_public
from xborder_aml.exchange.verify import open_bundle, verify_bundle
from xborder_aml.referral.tables import WATERFALL

LEDGER = xb.example_ledger()
FIGURE = {
    "figure": "in", "value": 6_000_000, "unit": "EUR", "transaction_ids": [4], "how": "sum_base",
    "arguments": {},
}  # fmt: skip
PAGE = b'<data value="6000000" data-figure="in">60,000.00 EUR</data>'


def parquet(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def case() -> dict[str, bytes]:
    traced = xb.trace(xb.TransactionGraph(LEDGER), {"victim": [4]})
    return {
        "transactions.parquet": parquet(LEDGER),
        "holdings.parquet": parquet(traced.holdings),
        "conservation.parquet": parquet(traced.conservation),
        "figures.json": json.dumps([FIGURE]).encode(),
        "case.html": PAGE,
        "notes/interview.txt": b"said nothing\n",
    }


def put(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture(scope="session")
def keys(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    make_signing_key(folder / "mine")
    make_signing_key(folder / "other")
    make_identity(folder / "reader")
    return folder


@pytest.fixture(scope="session")
def signer(keys) -> Signer:
    return Signer.read(keys / "mine")


@pytest.fixture(scope="session")
def small(signer) -> dict[str, bytes]:
    return seal({"a.txt": b"x", "figures.json": b"[]"}, sign=[signer], notes=["n"])


def problems(tmp_path: Path, data: bytes | dict[str, bytes], **given) -> tuple[str, ...]:
    path = tmp_path / "b.zip"
    path.write_bytes(data if isinstance(data, bytes) else pack(data))
    return verify_bundle(path, **given).problems


# -- sealing ---------------------------------------------------------------------------------------


def test_a_case_is_sealed_and_found_whole(tmp_path, keys, signer):
    put(tmp_path / "case", case())
    (tmp_path / "case" / ".hidden").write_bytes(b"left out")
    manifest = seal_bundle(tmp_path / "case", tmp_path / "b.zip", sign=[signer])
    found = verify_bundle(tmp_path / "b.zip", trust=[keys / "mine.pub"])
    assert found.problems == ()
    assert found.unchecked == ()
    assert found.is_sound
    assert found.signers == (signer.fingerprint,)
    assert [entry["name"] for entry in manifest["files"]] == sorted(case())
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_the_same_files_are_the_same_bytes(tmp_path, signer):
    for name in ("one", "two"):
        put(tmp_path / name, case() if name == "one" else dict(reversed(case().items())))
        seal_bundle(tmp_path / name, tmp_path / f"{name}.zip", sign=[signer], notes=["n"])
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_the_manifest_tells_inputs_parameters_tables_and_version(tmp_path):
    run = {"inputs": [{"name": "l.csv"}], "parameters": {"rule": "fifo", "share": 0.5}}
    files = seal({**case(), "manifest.json": json.dumps(run).encode()})
    manifest = json.loads(files[MANIFEST])
    assert manifest["inputs"] == run["inputs"]
    assert manifest["parameters"] == run["parameters"]
    assert manifest["version"] == xb.__version__
    (told,) = [t for t in manifest["tables"] if t["file"] == "transactions.parquet"]
    assert told["rows"] == LEDGER.height
    assert told["sums"]["base_minor"] == str(LEDGER["base_minor"].sum())
    assert files[MANIFEST] == canonical_json(manifest)


def test_an_encrypted_bundle_opens_for_its_reader_only(tmp_path, keys, signer):
    put(tmp_path / "case", case())
    path = tmp_path / "b.age"
    seal_bundle(tmp_path / "case", path, sign=[signer], encrypt_to=[str(keys / "reader.pub")])
    assert verify_bundle(path, identity=keys / "reader", trust=[keys / "mine.pub"]).is_sound
    with pytest.raises(xb.ParameterError, match="is encrypted; give the identity"):
        verify_bundle(path)
    make_identity(tmp_path / "stranger")
    assert "another identity" in verify_bundle(path, identity=tmp_path / "stranger").problems[0]


def test_an_unpacked_bundle_is_checked_as_the_archive_is(tmp_path, keys, small):
    (tmp_path / "b.zip").write_bytes(pack(small))
    open_bundle(tmp_path / "b.zip", tmp_path / "open")
    assert verify_bundle(tmp_path / "open", trust=[keys / "mine.pub"]).problems == ()
    (tmp_path / "open" / "content" / ".DS_Store").write_bytes(b"")
    assert verify_bundle(tmp_path / "open").problems != ()
    with pytest.raises(xb.ParameterError, match="is there already"):
        open_bundle(tmp_path / "b.zip", tmp_path / "open")


@pytest.mark.parametrize(
    ("name", "message"),
    [("a b.txt", "letters, digits"), ("café.txt", "letters, digits"), ("a.", "letters, digits")],
)
def test_names_that_not_every_system_holds_are_refused(name, message):
    with pytest.raises(xb.DataError, match=message):
        seal({name: b""})


def test_names_that_are_one_on_some_systems_are_refused():
    with pytest.raises(xb.DataError, match="are one on some systems"):
        seal({"A.txt": b"", "a.txt": b""})


def test_a_folder_that_was_not_sealed_says_how(tmp_path):
    (tmp_path / "referral.json").write_text("{}")
    found = verify_bundle(tmp_path)
    assert not found.is_sound
    assert "is not sealed" in found.problems[0]
    assert "xborder-aml bundle seal" in found.problems[0]


def test_what_cannot_be_sealed_says_why(tmp_path):
    with pytest.raises(xb.DatasetUnavailableError, match="no folder"):
        seal_bundle(tmp_path / "none", tmp_path / "b.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(xb.DataError, match="no file in"):
        seal_bundle(tmp_path / "empty", tmp_path / "b.zip")
    with pytest.raises(xb.ParameterError, match="put it beside the folder"):
        seal_bundle(tmp_path / "empty", tmp_path / "empty" / "b.zip")
    for name, text, message in [
        ("t.parquet", b"PAR1", "t.parquet cannot be read"),
        ("figures.json", b"{}", "holds no list"),
        ("trace.json", b"[]", "holds no object"),
        ("parameters.json", b'{"seed": 9007199254740993}', "write it as text"),
    ]:
        with pytest.raises(xb.DataError, match=message):
            seal({name: text})


def test_links_are_refused(tmp_path):
    put(tmp_path / "case", {"a.txt": b"x"})
    (tmp_path / "case" / "b.txt").symlink_to("a.txt")
    with pytest.raises(xb.DataError, match="is a link"):
        seal_bundle(tmp_path / "case", tmp_path / "b.zip")


# -- tampering -------------------------------------------------------------------------------------


def test_every_byte_of_the_archive_is_held(small, tmp_path):
    """One bit of every byte, of contents and of the archive's own structure."""
    whole = pack(small)
    assert problems(tmp_path, whole) == ()
    for place in range(len(whole)):
        bad = bytearray(whole)
        bad[place] ^= 1 << (place % 8)
        assert problems(tmp_path, bytes(bad)), f"byte {place} can be changed unseen"


def test_every_byte_of_an_unsigned_archive_is_held(tmp_path):
    whole = pack(seal({"a.txt": b"x"}))
    assert problems(tmp_path, whole) == ()
    for place in range(len(whole)):
        bad = bytearray(whole)
        bad[place] ^= 0x20
        assert problems(tmp_path, bytes(bad)), f"byte {place} can be changed unseen"


def test_every_byte_of_every_file_of_a_folder_is_held(small, tmp_path):
    folder = put(tmp_path / "open", small)
    for name, data in small.items():
        for place in range(len(data)):
            bad = bytearray(data)
            bad[place] ^= 1 << (place % 8)
            (folder / name).write_bytes(bad)
            assert verify_bundle(folder).problems, f"byte {place} of {name}"
        (folder / name).write_bytes(data)
    assert verify_bundle(folder).problems == ()


def test_every_byte_of_an_encrypted_bundle_is_held(tmp_path, keys):
    put(tmp_path / "case", {"a.txt": b"x"})
    path = tmp_path / "b.age"
    seal_bundle(tmp_path / "case", path, encrypt_to=[str(keys / "reader.pub")])
    whole = path.read_bytes()
    for place in range(len(whole)):
        bad = bytearray(whole)
        bad[place] ^= 1 << (place % 8)
        path.write_bytes(bad)
        assert verify_bundle(path, identity=keys / "reader").problems, f"byte {place}"


def test_archives_cut_or_grown_are_caught(small, tmp_path):
    whole = pack(small)
    for bad in (whole[:-1], whole[: len(whole) // 2], whole + b"\0", b"PK", b"", b"\0" + whole):
        assert problems(tmp_path, bad), bad[:8]


def test_files_added_removed_renamed_or_swapped_are_caught(small, tmp_path):
    for name in small:
        rest = {n: d for n, d in small.items() if n != name}
        assert problems(tmp_path, rest), f"{name} can be taken out unseen"
        assert problems(tmp_path, {**rest, f"{name}x": small[name]}), f"{name} can be renamed"
        for other in small:
            if small[other] != small[name]:
                swapped = {**small, name: small[other], other: small[name]}
                assert problems(tmp_path, swapped), f"{name} and {other} can be swapped"
    for extra in ("content/b.txt", "b.txt", "signatures/a.pem", "signatures/b.txt"):
        assert problems(tmp_path, {**small, extra: b""}), f"{extra} can be added unseen"


def test_an_archive_made_anew_with_compression_is_caught(small, tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(small):
            archive.writestr(name, small[name])
    assert problems(tmp_path, out.getvalue())


def test_a_bundle_sealed_anew_by_another_is_not_signed_by_whom_you_trust(tmp_path, keys):
    forged = seal({"a.txt": b"forged"}, sign=[Signer.read(keys / "other")])
    assert problems(tmp_path, forged) == ()  # it is whole, and tells who signed
    assert problems(tmp_path, forged, trust=[keys / "mine.pub"])
    unsigned = seal({"a.txt": b"forged"})
    assert problems(tmp_path, unsigned, trust=[keys / "mine.pub"])
    (tmp_path / "u.zip").write_bytes(pack(unsigned))
    assert "not signed" in verify_bundle(tmp_path / "u.zip").unchecked[0]


def test_a_signature_of_another_manifest_is_caught(small, tmp_path, signer):
    other = seal({"a.txt": b"y"}, sign=[signer])
    (name,) = [n for n in small if n.endswith(".sig")]
    assert "is not one of this manifest" in problems(tmp_path, {**small, name: other[name]})[0]


def test_names_never_lead_out_of_the_folder(tmp_path):
    evil = io.BytesIO()
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../out.txt", b"x")
    with pytest.raises(xb.DataError, match="letters, digits"):
        unpack(evil.getvalue())


# -- what a bundle says, against what it holds -----------------------------------------------------


def sealed_with(changes: dict[str, bytes]) -> dict[str, bytes]:
    return seal({**case(), **changes})


def figures(**changes) -> bytes:
    return json.dumps([{**FIGURE, **changes}]).encode()


def test_a_figure_that_does_not_recompute_is_a_problem_of_a_whole_bundle(tmp_path):
    (problem,) = problems(
        tmp_path, sealed_with({"figures.json": figures(value=6_000_001), "case.html": b""})
    )
    assert "says 6000001 EUR, and the evidence gives 6000000 EUR" in problem


def test_a_page_that_shows_another_value_is_a_problem(tmp_path):
    page = PAGE.replace(b"6000000", b"6000009")
    (problem,) = problems(tmp_path, sealed_with({"case.html": page}))
    assert "shows 6000009 for the figure 'in', which is 6000000" in problem


def test_a_page_that_writes_a_figure_otherwise_is_a_problem(tmp_path):
    page = PAGE.replace(b">60,000.00 EUR<", b">90,000.00 EUR<")
    (problem,) = problems(tmp_path, sealed_with({"case.html": page}))
    assert "writes '90,000.00 EUR' for the figure 'in', which is 60,000.00 EUR" in problem


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("case.html", PAGE + b"<p>and 70,000.00 EUR</p>"),
        ("letter-LV.html", b"<td><bdi>70,000.00 EUR</bdi></td>"),
        ("letter-LV.md", b"| 70,000.00 EUR |"),
    ],
)
def test_an_amount_that_is_no_figure_is_told(tmp_path, name, text):
    assert problems(tmp_path, sealed_with({name: text})) == ()
    (left, _) = verify_bundle(tmp_path / "b.zip").unchecked[::-1]
    assert left == f"amounts in {name} that are no figure: 70,000.00 EUR"


def test_an_amount_that_is_a_figure_is_none_of_them(tmp_path):
    problems(tmp_path, sealed_with({"letter-LV.md": b"60,000.00 EUR; 12 EE, 5,000"}))
    assert len(verify_bundle(tmp_path / "b.zip").unchecked) == 1  # nobody signed it


def test_tables_that_break_their_form_or_sums_are_problems(tmp_path):
    traced = xb.trace(xb.TransactionGraph(LEDGER), {"victim": [4]})
    short = LEDGER.drop("executed_at")
    found = problems(tmp_path, seal({"transactions.parquet": parquet(short)}))
    assert "lacks 'executed_at'" in found[0]
    less = traced.holdings.with_columns(pl.col("amount_minor") - 1)
    found = problems(tmp_path, sealed_with({"holdings.parquet": parquet(less)}))
    assert "by conservation" in found[0]
    off = traced.conservation.with_columns(pl.col("sunk_minor") + 1)
    found = problems(tmp_path, sealed_with({"conservation.parquet": parquet(off)}))
    assert "does not sum up" in found[0]
    twice = pl.concat([LEDGER, LEDGER.head(1)])
    found = problems(tmp_path, sealed_with({"transactions.parquet": parquet(twice)}))
    assert "stands in two rows" in found[0]
    found = problems(tmp_path, seal({"waterfall.parquet": parquet(LEDGER)}))
    assert "is not of the form that its name says: waterfall table lacks" in found[0]
    steps = {"case": ["a"] * 2, "scope": ["all"] * 2, "base_currency": ["EUR"] * 2,
             "position": [1, 2], "step": ["seeded", "sunk"],
             "change_minor": [5, -2], "value_minor": [5, 4], "level": [None] * 2}  # fmt: skip
    waterfall = WATERFALL.conform(pl.DataFrame(steps))
    found = problems(tmp_path, sealed_with({"waterfall.parquet": parquet(waterfall)}))
    assert "step 'sunk' says 4, and the changes up to it sum to 3" in found[0]


def test_xml_is_checked_by_the_schemas_that_are_given(tmp_path):
    xsd = tmp_path / "s.xsd"
    xsd.write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"/></xs:schema>'
    )
    files = seal({"r.xml": b"<a/>", "figures.json": b"[]", "transactions.parquet": parquet(LEDGER)})
    assert problems(tmp_path, files, xsd=[xsd]) == ()
    assert any("XML file" in s for s in verify_bundle(tmp_path / "b.zip").unchecked)
    (problem,) = problems(tmp_path, seal({"r.xml": b"<b/>"}), xsd=[xsd])
    assert problem.startswith("r.xml is valid by no schema")


@pytest.mark.parametrize("part", ["files", "tables", "signers", "notes", "hashes", "log", "format"])
@pytest.mark.parametrize("value", [None, 3, [3], {"a": 1}, "x"])
def test_a_manifest_of_another_form_is_a_problem_and_no_crash(small, tmp_path, part, value):
    manifest = {**json.loads(small[MANIFEST]), part: value}
    if part in bundles.HASHED:
        hashes = {**manifest["hashes"], part: bundles.hash_of(value)}
        manifest["hashes"] = hashes
    text = canonical_json(manifest)
    files = {**small, MANIFEST: text, bundles.SUMS: bundles.manifest_sum(text)}
    assert problems(tmp_path, files)


def test_several_cases_are_each_checked_by_their_own_evidence(tmp_path):
    both = {f"case-{i}/{name}": data for i in (1, 2) for name, data in case().items()}
    assert problems(tmp_path, seal(both)) == ()
    wrong = {**both, "case-2/figures.json": figures(value=5), "case-2/case.html": b""}
    (problem,) = problems(tmp_path, seal(wrong))
    assert problem.startswith("case-2/figure 'in' says 5")
    del both["case-1/transactions.parquet"]
    assert "case-1/transactions.parquet is not there" in problems(tmp_path, seal(both))[0]


def test_inputs_are_known_by_their_hash(tmp_path):
    put(tmp_path, {"case/a.txt": b"x", "ledger.csv": b"1", "other.csv": b"2"})
    path = tmp_path / "b.zip"
    manifest = seal_bundle(tmp_path / "case", path, inputs=[tmp_path / "ledger.csv"])
    assert [entry["name"] for entry in manifest["inputs"]] == ["ledger.csv"]
    assert verify_bundle(path, inputs=[tmp_path / "ledger.csv"]).problems == ()
    (problem,) = verify_bundle(path, inputs=[tmp_path / "other.csv"]).problems
    assert problem.startswith("other.csv is not among the inputs")
    with pytest.raises(xb.DatasetUnavailableError, match="there is no input"):
        seal_bundle(tmp_path / "case", path, inputs=[tmp_path / "none.csv"])


# -- keys ------------------------------------------------------------------------------------------


def test_keys_are_their_owners_alone_and_never_written_over(tmp_path):
    fingerprint = make_signing_key(tmp_path / "k")
    assert (tmp_path / "k").stat().st_mode & 0o077 == 0
    assert Signer.read(tmp_path / "k").fingerprint == fingerprint
    assert read_public(tmp_path / "k.pub") == Signer.read(tmp_path / "k").public
    with pytest.raises(xb.ParameterError, match="keys are not overwritten"):
        make_signing_key(tmp_path / "k")


def test_a_protected_key_needs_its_passphrase(tmp_path):
    make_signing_key(tmp_path / "k", passphrase="right")
    assert Signer.read(tmp_path / "k", "right").sign(b"m")
    for phrase, why in ((None, "protected by a passphrase"), ("wrong", "is this it")):
        with pytest.raises(xb.DataError, match=why):
            Signer.read(tmp_path / "k", phrase)


def test_what_is_no_key_says_so(tmp_path, keys):
    (tmp_path / "k").write_bytes(b"no key")
    with pytest.raises(xb.DataError, match="no private key in PEM"):
        Signer.read(tmp_path / "k")
    with pytest.raises(xb.DataError, match="no public key in PEM"):
        read_public(tmp_path / "k")
    with pytest.raises(xb.DatasetUnavailableError, match="there is no public key"):
        read_public(tmp_path / "none")
    put(tmp_path / "case", {"a.txt": b"x"})
    for recipient in ("age1nonsense", str(tmp_path / "k")):
        with pytest.raises(xb.ParameterError, match="is no recipient of age"):
            seal_bundle(tmp_path / "case", tmp_path / "b", encrypt_to=[recipient])
    assert not (tmp_path / "b").exists()
