"""The zip that is deployed: complete, equal at every build, and readable for the Metadata API."""

import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from crm_package.__main__ import main
from crm_package.archive import build_zip, convert, permission_files
from crm_package.source import package_source
from tests.package.package_schema import check_element
from tests.package.package_tree import Node

SHIPPED = Path(__file__).parents[2] / "crm_package" / "force-app" / "main" / "default"
KINDS = {
    "layout": "Layout",
    "object": "CustomObject",
    "permissionset": "PermissionSet",
    "queue": "Queue",
    "quickAction": "QuickAction",
    "tab": "CustomTab",
    "xml": "Package",
}


def unpack(content: bytes) -> dict[str, bytes]:
    """Files of a zip by path."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def manifest(content: bytes) -> dict[str, list[str]]:
    """``package.xml`` of a zip: type -> members."""
    root = Node(element=etree.fromstring(unpack(content)["package.xml"]))
    return {entry.text("name"): entry.texts("members") for entry in root.all("types")}


def test_two_builds_are_equal(tmp_path: Path) -> None:
    """The zip depends on the content of the tree only, not on file times, the place or the way that it was read."""
    copy = tmp_path / "elsewhere"
    shutil.copytree(SHIPPED, copy)
    for path in copy.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
    assert build_zip(copy) == build_zip(SHIPPED) == build_zip(package_source()) == build_zip()


def test_entries_are_sorted_and_dated_alike() -> None:
    """Entries come in order and carry one fixed date."""
    with zipfile.ZipFile(io.BytesIO(build_zip())) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}


def test_every_file_in_the_zip_follows_the_schema() -> None:
    """The merged objects and the manifest use only what the Metadata API knows."""
    findings = [
        (path, finding)
        for path, content in unpack(build_zip()).items()
        for finding in check_element(etree.fromstring(content), KINDS[path.rpartition(".")[2]])
    ]
    assert findings == []


def test_an_object_holds_all_its_parts() -> None:
    """Fields, list views, rules and compact layouts of the tree are in the merged object, and only these."""
    merged = Node(element=etree.fromstring(convert(SHIPPED)["objects/Suggested_Change__c.object"]))
    for folder in ("fields", "listViews", "validationRules", "compactLayouts"):
        files = (SHIPPED / "objects" / "Suggested_Change__c" / folder).iterdir()
        assert merged.texts(f"{folder}/fullName") == sorted(path.name.split(".")[0] for path in files)
    assert merged.text("label") == "Suggested Change"
    assert merged.text("nameField/displayFormat") == "SC-{00000000}"


def test_a_formula_survives_the_merge() -> None:
    """Line breaks and quotes in a formula come through unchanged."""
    source = SHIPPED / "objects/Suggested_Change__c/validationRules/Reject_Needs_A_Reason.validationRule-meta.xml"
    formula = Node(element=etree.fromstring(source.read_bytes())).text("errorConditionFormula")
    merged = Node(element=etree.fromstring(convert(SHIPPED)["objects/Suggested_Change__c.object"]))
    assert formula in merged.texts("validationRules/errorConditionFormula")
    assert "\n" in formula


def test_the_manifest_lists_what_is_in_the_zip() -> None:
    """Each file and each part of an object is a member of its type, once."""
    content = build_zip()
    listed = manifest(content)
    assert listed["CustomObject"] == sorted(path.name for path in (SHIPPED / "objects").iterdir())
    assert listed["Layout"] == sorted(path.name.removesuffix(".layout-meta.xml") for path in (SHIPPED / "layouts").iterdir())
    assert len(listed["CustomField"]) == len(list(SHIPPED.rglob("*.field-meta.xml")))
    assert "Suggested_Change__c.Reject" in listed["QuickAction"]
    assert Node(element=etree.fromstring(unpack(content)["package.xml"])).text("version") == "67.0"


def test_extra_files_replace_and_add() -> None:
    """The permission sets of another mapping take the place of the shipped ones; a further file is listed too."""
    extra = dict(permission_files(("Email",), ())) | {"queues/Other.queue": b"<Queue/>"}
    content = build_zip(extra=extra)
    files = unpack(content)
    assert {path: files[path] for path in extra} == extra
    assert manifest(content)["Queue"] == ["Alumni_Relations_Data_Stewards", "Alumni_Relations_Triage", "Other"]
    assert files["permissionsets/Alumni_Bridge_Daemon.permissionset"].count(b"<field>Contact.") == 1


@pytest.mark.parametrize("path", ["classes/A.cls", "objects/A__c/webLinks/B.webLink-meta.xml"])
def test_an_unknown_folder_is_refused(path: str, tmp_path: Path) -> None:
    """What the converter does not know it refuses by name, instead of leaving it out silently."""
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("<A/>")
    with pytest.raises(ValueError, match="not part of"):
        build_zip(tmp_path)


def test_an_unknown_extra_is_refused() -> None:
    """An extra file that the manifest could not name is refused."""
    with pytest.raises(ValueError, match="profiles"):
        build_zip(extra={"profiles/Admin.profile": b"<Profile/>"})


def test_command_writes_the_zip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``build`` writes the very zip that the bridge would deploy for the shipped mapping."""
    out = tmp_path / "package.zip"
    assert main(["build", str(out)]) == 0
    assert out.read_bytes() == build_zip()
    assert str(out) in capsys.readouterr().out


def test_command_writes_the_permission_sets(tmp_path: Path) -> None:
    """``permissions`` writes what is committed."""
    assert main(["permissions", str(tmp_path)]) == 0
    committed = {path.name: path.read_bytes() for path in (SHIPPED / "permissionsets").iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == committed
