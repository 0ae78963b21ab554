"""A result's folder as one file: an RO-Crate, a zip that says in words machines read what made what from what.

Source: RO-Crate 1.1 (https://w3id.org/ro/crate/1.1), its actions as by the profile Process Run Crate.
"""

import importlib
import importlib.metadata
import tempfile
from pathlib import Path

from engine.in_place import file_in_place
from engine.plugins import RECORDED, plugged, plugins_away
from engine.store import digest, write_json
from engine.unpacking import PLUGINS, ArchiveError
from engine.verifying import changed_files, read_manifest

RO_CRATE = "1.1"
ENVIRONMENT = "environment.txt"
FORMATS = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".toml": "application/toml",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tex": "text/x-tex",
    ".npz": "application/zip",
    ".parquet": "application/vnd.apache.parquet",
    ".py": "text/x-python",
    ".txt": "text/plain",
}
BYTES = "application/octet-stream"  # of files of other kinds


def archive(folder, target=None):
    """Write a stored result, with its environment and plugins, into an archive, by default FOLDER.zip; its path.

    Raises verifying.FolderError for what is no stored result; ArchiveError where its files were changed since, where
    its plugins are not here, or where the library rocrate is missing.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    if changed := changed_files(folder, manifest):
        raise ArchiveError(f"{folder}: changed since they were written: {changed}; files as written are needed")
    lost, odd = plugins_away(manifest["versions"])
    if lost or odd:
        raise ArchiveError(f"{folder}: made with {lost or ', '.join(odd)}; the same --plugin FILE is needed")
    try:
        crates = importlib.import_module("rocrate.rocrate")
    except ImportError:
        raise ArchiveError("archive: needs rocrate: pip install rocrate") from None
    target = Path(folder.with_name(f"{folder.name}.zip") if target is None else target)
    with tempfile.TemporaryDirectory() as place, file_in_place(target) as aside:
        _described(crates.ROCrate(version=RO_CRATE), folder, manifest, Path(place)).write_zip(aside)
    return target


def _described(crate, folder, manifest, place):
    """The crate of a folder's files and of what made them; place: an empty folder for what else goes in."""
    written = manifest["written"]
    named = manifest.get("scenario") or ", ".join(manifest["scenarios"])
    crate.name = f"{manifest['kind']} of {named}"
    crate.description = f"A stored result of energy-markets {manifest['versions']['project']}; `verify` runs it again."
    crate.datePublished = written
    stored = [name for name in manifest["files"] if name != ENVIRONMENT and not name.startswith(f"{PLUGINS}/")]
    inputs = [_file(crate, folder / name) for name in stored if name.endswith(".toml")]
    results = [_file(crate, folder / name, name) for name in stored if not name.endswith(".toml")]
    plugins = {f"{PLUGINS}/{file.name}": file for file in _plugins(manifest, place)}
    inputs += [_file(crate, file, name) for name, file in plugins.items()]
    added = {ENVIRONMENT: _environment(place)} | plugins
    _file(crate, added[ENVIRONMENT], description="Every package that was installed where the archive was made")
    files = {name: manifest["files"][name] for name in stored} | {name: digest(file) for name, file in added.items()}
    write_json(place / "manifest.json", manifest | {"files": files})
    _file(crate, place / "manifest.json", description="What was run with which versions, and the SHA-256 of each file")
    tool = crate.add_jsonld(
        {
            "@id": "#energy-markets",
            "@type": "SoftwareApplication",
            "name": "energy-markets",
            "softwareVersion": manifest["versions"]["project"],
            "version": manifest.get("commit") or "unknown",
            "softwareRequirements": [f"{name} {version}" for name, version in manifest["versions"].items()],
        }
    )
    made = {"name": crate.name, "endTime": written, "description": f"seed {manifest.get('seed', 'in the scenarios')}"}
    crate.add_action(tool, object=inputs, result=results, properties=made)
    return crate


def _file(crate, path, where=None, **said):
    """A file of the crate with its digest, size and format."""
    known = {
        "sha256": digest(path),
        "contentSize": str(path.stat().st_size),
        "encodingFormat": FORMATS.get(path.suffix, BYTES),
    }
    return crate.add_file(path, dest_path=where or path.name, properties=known | said)


def _environment(place):
    """A file of all packages installed here."""
    found = {f"{one.metadata['Name']}=={one.version}" for one in importlib.metadata.distributions()}
    file = place / ENVIRONMENT
    file.write_text("\n".join(sorted(found, key=str.lower)) + "\n", encoding="utf-8")
    return file


def _plugins(manifest, place):
    """Files of the plugins that a result was made with."""
    used = [
        plugin for plugin in plugged() if plugin.source is not None and RECORDED + plugin.name in manifest["versions"]
    ]
    for plugin in used:
        (place / plugin.name).write_bytes(plugin.source)
    return [place / plugin.name for plugin in used]
