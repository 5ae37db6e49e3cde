from pathlib import Path

from ledger.secret_files import SecretFiles


def test_secrets_are_read_anew_by_names_that_lead_nowhere_else(tmp_path: Path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "key").write_text(" one\n")
    (folder / "empty").write_text("\n")
    (folder / "large").write_text("x" * 100_000)
    (folder / "binary").write_bytes(b"\xff")
    (folder / ".hidden").write_text("no")
    (tmp_path / "outside").write_text("no")
    secrets = SecretFiles(folder)
    assert secrets.read("key") == "one"
    (folder / "key").write_text("two")
    assert secrets.read("key") == "two"
    names = [
        "",
        ".",
        "..",
        "../outside",
        "/etc/passwd",
        "none",
        ".hidden",
        "key\n",
        "a\0",
        "k" * 999,
    ]
    for name in [*names, "empty", "large", "binary", str(tmp_path / "outside")]:
        assert secrets.read(name) is None, name
    assert secrets.read_bytes("binary") == b"\xff"
    assert SecretFiles(None).read("key") is None
    assert SecretFiles.of("").read_bytes("key") is None
