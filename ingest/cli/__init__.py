"""The commands for admins: what is indexed, from where, with what, and how far it is."""

import typer

from ingest.cli.documents import app as documents
from ingest.cli.index import app as index
from ingest.cli.ingest import app as ingest
from ingest.cli.jobs import app as jobs
from ingest.cli.sources import app as sources
from ingest.cli.worker import app as worker

app = typer.Typer()
app.registered_commands += ingest.registered_commands + worker.registered_commands
app.add_typer(documents, name="documents", help="What is indexed: list, show, upload, delete.")
app.add_typer(sources, name="sources", help="The folders and readers that are indexed.")
app.add_typer(jobs, name="jobs", help="What was asked for, and how far it is.")
app.add_typer(index, name="index", help="Generations of the index: rebuild, roll back, copy.")
