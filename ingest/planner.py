"""What each kind of job sets going, and what is done when its last document is."""

import logging
from collections.abc import Callable
from typing import Any

from ingest.adapter import AdapterUnusable
from ingest.catalog.generations import GenerationRecord, GenerationState
from ingest.catalog.jobs import Job, JobKind, JobState, NewTask, Plan
from ingest.embed import BUNDLED, EncoderNotFound, Encoders, encoder_adapter
from ingest.errors import PinciteError
from ingest.generations import Generation
from ingest.index import PARSING_VERSION, Manifest
from ingest.plan import plan_build, plan_sync
from ingest.settings import ChunkingSettings, EncoderSettings
from ingest.sources import OpenSources
from ingest.store import Store

_log = logging.getLogger(__name__)

LEASE_S = 600.0

Probe = Callable[[Generation], float]
"""How well a generation answers probe questions, from 0 to 1."""

ALLOWED_LOSS = 0.02
"""How much worse than the serving generation a new one may answer the probe questions."""


class Planner:
    """Plans the jobs of one store, and closes them. `probe` judges a generation before it serves."""

    def __init__(
        self,
        store: Store,
        sources: OpenSources,
        encoders: Encoders,
        encoder: EncoderSettings,
        chunking: ChunkingSettings,
        probe: Probe,
    ) -> None:
        self._store = store
        self._catalog = store.catalog
        self._sources = sources
        self._encoders = encoders
        self._encoder = encoder
        self._chunking = chunking
        self._probe = probe

    def ensure_generation(self) -> None:
        """Make the first generation, as the settings want it, where there is none."""
        if self._catalog.generations.serving() is None:
            self._store.generations.ensure_first(self._wanted({}))

    def plan_queued(self, worker: str) -> bool:
        """Plan every queued job; whether there was one."""
        anything = False
        while job := self._catalog.jobs.claim_planning(worker, lease_s=LEASE_S):
            anything = True
            try:
                plan = self._plan(job)
            except PinciteError as error:
                self._catalog.jobs.close(job.id, error=str(error))
                continue
            except (OSError, ValueError, LookupError) as error:
                # Such a job would fail for ever, and hold up the others.
                _log.exception("A job could not be planned")
                self._catalog.jobs.close(job.id, error=f"could not be planned: {error}")
                continue
            self._catalog.jobs.planned(job.id, worker, plan)
        return anything

    def close(self, job: Job) -> None:
        """Finish a job whose tasks are all over: a build is checked and put to service."""
        error = None
        if job.kind in (JobKind.REBUILD, JobKind.ROLLBACK):
            error = self._finish_build(job)
        if job.kind is JobKind.UPLOAD and self._is_cancelled(job):
            cancelled = self._catalog.jobs.outcomes(job.id, state="cancelled")
            self._catalog.documents.forget_unread([each.document_id for each in cancelled])
        self._catalog.jobs.close(job.id, error=error)

    def _plan(self, job: Job) -> Plan:
        if job.kind is JobKind.SYNC:
            return self._plan_sync(job)
        if job.kind is JobKind.REBUILD:
            return Plan(self._plan_rebuild(job))
        if job.kind is JobKind.ROLLBACK:
            return Plan(self._plan_rollback(job))
        return Plan()

    def _plan_sync(self, job: Job) -> Plan:
        chosen = job.target.get("sources", [])
        records = [each for each in self._catalog.sources.all() if each.id in chosen]
        return plan_sync(
            self._catalog,
            {record.id: self._sources.open(record) for record in records},
            only=job.target.get("only", ()),
            allow_empty=bool(job.target.get("allow_empty")),
        )

    def _plan_rebuild(self, job: Job) -> list[NewTask]:
        manifest = self._wanted(job.target)
        generation = self._building(manifest) or self._store.generations.create(manifest).name
        return plan_build(self._catalog, generation)

    def _plan_rollback(self, job: Job) -> list[NewTask]:
        generation = job.target["generation"]
        # Being built, it takes every change that comes from now on.
        self._catalog.generations.mark(generation, GenerationState.BUILDING)
        return plan_build(self._catalog, generation)

    def _wanted(self, target: dict[str, Any]) -> Manifest:
        settings = self._encoder
        if target.get("encoder") or target.get("encoder_adapter"):
            settings = EncoderSettings(
                model=target.get("encoder") or BUNDLED, adapter=target.get("encoder_adapter")
            )
        adapter = encoder_adapter(settings.adapter)
        return Manifest(
            settings.model,
            self._encoders.get(settings.model, adapter).dimension,
            target.get("target_tokens") or self._chunking.target_tokens,
            target.get("max_tokens") or self._chunking.max_tokens,
            PARSING_VERSION,
            adapter.weights_sha256 if adapter else None,
            adapter.folder if adapter else None,
        )

    def _building(self, manifest: Manifest) -> str | None:
        """A generation whose building was interrupted."""
        return next(
            (
                each.name
                for each in self._catalog.generations.all()
                if each.state is GenerationState.BUILDING and each.manifest == manifest
            ),
            None,
        )

    def _finish_build(self, job: Job) -> str | None:
        """Put the job's generation to service if it is complete and good enough; else say why not."""
        record = self._generation_of(job)
        if record is None:
            return "its generation was dropped"
        if record.state is GenerationState.SERVING:
            return None  # A worker was killed after it had put the generation to service.
        current = self._catalog.jobs.get(job.id)
        if current is None or current.state is not JobState.RUNNING or self._is_cancelled(job):
            self._give_up(job, record)
            return None
        missing = plan_build(self._catalog, record.name)
        if missing:
            self._catalog.generations.mark(record.name, GenerationState.REJECTED)
            names = ", ".join(task.name for task in missing[:5])
            return f"{len(missing)} documents could not be indexed into {record.name}: {names}"
        refusal = self._check(record) if job.kind is JobKind.REBUILD else None
        if refusal and not job.target.get("force"):
            self._catalog.generations.mark(record.name, GenerationState.REJECTED)
            return refusal
        self._store.generations.get(record.name).index.optimize()
        self._store.generations.switch(record.name)
        return None

    def _check(self, record: GenerationRecord) -> str | None:
        serving_name = self._catalog.generations.serving()
        if serving_name is None:
            return None
        try:
            before = self._probe(self._store.generations.get(serving_name))
        except (AdapterUnusable, EncoderNotFound) as error:
            # It answers nothing any more: any other is better.
            _log.warning("%s is not compared with %s: %s", record.name, serving_name, error)
            return None
        after = self._probe(self._store.generations.get(record.name))
        check = {"probe": round(after, 4), "probe_before": round(before, 4)}
        self._catalog.generations.mark(record.name, check=check)
        if after >= before - ALLOWED_LOSS:
            return None
        return (
            f"{record.name} answers the probe questions worse ({after:.3f}) than {serving_name} "
            f"({before:.3f}), which goes on serving. 'pincite index use {record.name}' puts it to "
            f"service all the same, 'pincite index drop {record.name}' deletes it."
        )

    def _give_up(self, job: Job, record: GenerationRecord) -> None:
        if job.kind is JobKind.REBUILD:
            self._store.generations.drop(record.name)
        else:
            served = record.served_at is not None
            state = GenerationState.RETAINED if served else GenerationState.REJECTED
            self._catalog.generations.mark(record.name, state)

    def _is_cancelled(self, job: Job) -> bool:
        # Not by its cancelled tasks: those of documents that were deleted meanwhile are, too.
        return self._catalog.jobs.cancel_asked(job.id)

    def _generation_of(self, job: Job) -> GenerationRecord | None:
        """The generation that a job builds: the one named, or the last one made as it asks."""
        records = self._catalog.generations.all()
        if job.kind is JobKind.ROLLBACK:
            return next((r for r in records if r.name == job.target["generation"]), None)
        building = [r for r in records if r.state is GenerationState.BUILDING]
        if building:
            return building[-1]
        return next((r for r in records if _has_served_since(r, job)), None)


def _has_served_since(record: GenerationRecord, job: Job) -> bool:
    if record.served_at is None or job.started_at is None:
        return False
    return record.state is GenerationState.SERVING and record.served_at >= job.started_at
