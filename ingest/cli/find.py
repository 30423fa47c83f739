"""Documents, sources and jobs as people name them on the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import WrongUse

if TYPE_CHECKING:
    from ingest.admin import Admin
    from ingest.remote import RemoteAdmin


def document_ids(admin: "Admin | RemoteAdmin", names: Sequence[str]) -> list[str]:
    """The ids of documents given by id or by name. Raises `WrongUse` for a name of none or several."""
    return [_document_id(admin, name) for name in names]


def _document_id(admin: "Admin | RemoteAdmin", name: str) -> str:
    found, _ = admin.documents(text=name, limit=1000)
    exact = [record for record in found if record.name == name]
    if len(exact) == 1:
        return exact[0].id
    if len(exact) > 1:
        ids = ", ".join(f"{record.id} ({record.path})" for record in exact)
        raise WrongUse(f"Several documents are called {name}: name one by its id: {ids}.")
    return admin.document(name).document.id


def source_id(admin: "Admin | RemoteAdmin", name: str) -> str:
    """The id of a source given by id or by location."""
    place = str(Path(name).resolve())
    for source in admin.sources():
        if name in (source.id, source.location) or source.location == place:
            return source.id
    raise WrongUse(f"{name} is not registered; 'pincite sources list' shows what is.")


def job_id(admin: "Admin | RemoteAdmin", beginning: str) -> str:
    """The id of the job whose id begins so."""
    ids = [job.id for job in admin.jobs(limit=1000) if job.id.startswith(beginning)]
    if len(ids) > 1:
        raise WrongUse(f"Several jobs begin with {beginning}: name more of the id.")
    return ids[0] if ids else admin.job(beginning).id
