"""What the index on a Qdrant server does beyond the contract: the alias, and faults of the network."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from qdrant_client import models

from ingest.chunk import Chunk
from ingest.errors import WrongUse
from ingest.faults import is_transient
from ingest.index import (
    EVERYONE,
    IndexDamaged,
    IndexedDocument,
    IndexUnreachable,
    Manifest,
    NoIndex,
    Scope,
)
from ingest.index.connection import IN_MEMORY, Connection
from ingest.index.server import ServerEngine, ServerIndex
from ingest.settings import IndexSettings

MANIFEST = Manifest("bundled", dimension=3, target_tokens=160, max_tokens=256)
REFUNDS = IndexedDocument("refunds", "v1", "refunds.md", "Refunds")
TENTS = Chunk("tents", 0, 5, (), None, "")
EAST = np.array([[1, 0, 0]], np.float32)


def settings(url: str, **options: object) -> IndexSettings:
    return IndexSettings.model_validate({"server_url": url, **options})


@pytest.fixture
def engine() -> Iterator[ServerEngine]:
    made = ServerEngine(settings(IN_MEMORY, server_prefix="policies"))
    yield made
    made.close()


# Generations


def test_the_alias_points_at_the_generation_that_serves(engine: ServerEngine) -> None:
    assert engine.serving() is None
    for name in ("g0001", "g0002"):
        index = engine.create(name, MANIFEST)
        index.write(REFUNDS, [Chunk(name, 0, 5, (), None, "")], EAST)

    texts = []
    for name in ("g0001", "g0002", "g0001"):
        engine.serve(name)
        assert engine.serving() == name
        (point,) = ServerIndex.open(engine.connection, "policies").points()
        texts.append(point.chunk.text)

    assert texts == ["g0001", "g0002", "g0001"]


def test_a_dropped_generation_is_gone_and_can_be_dropped_again(engine: ServerEngine) -> None:
    engine.create("g0001", MANIFEST)
    engine.create("g0002", MANIFEST)

    engine.drop("g0001")
    engine.drop("g0001")

    with pytest.raises(NoIndex, match="no collection policies-g0001"):
        engine.open("g0001")
    assert engine.open("g0002").manifest == MANIFEST


def test_several_processes_can_hold_it(engine: ServerEngine) -> None:
    assert engine.exclusive is False


def test_an_engine_without_an_address_says_which_setting_is_missing() -> None:
    with pytest.raises(WrongUse, match="server_url"):
        ServerEngine(IndexSettings())


# Collections that others made


def test_a_collection_that_pincite_did_not_make_is_not_taken_for_an_index() -> None:
    connection = Connection(IN_MEMORY)
    dense = models.VectorParams(size=3, distance=models.Distance.DOT)
    connection.client.create_collection("theirs", dense)

    with pytest.raises(NoIndex, match="none of Pincite's, or its making was interrupted"):
        ServerIndex.open(connection, "theirs")


def test_a_point_that_pincite_did_not_write_is_told() -> None:
    connection = Connection(IN_MEMORY)
    index = ServerIndex.create(connection, "mixed", MANIFEST)
    stranger = models.PointStruct(
        id=7, vector={"dense": [1.0, 0.0, 0.0]}, payload={"groups": ["everyone"]}
    )
    connection.client.upsert("mixed", [stranger])

    with pytest.raises(IndexDamaged, match=r"point 7 .*pincite ingest --rebuild"):
        index.search_dense(EAST[0], top_k=1, scope=Scope(frozenset({EVERYONE})))


# Faults


@pytest.mark.parametrize("grpc", [False, True])
def test_a_server_that_does_not_answer_may_do_so_later(grpc: bool) -> None:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        engine = ServerEngine(settings(f"http://127.0.0.1:{port}", server_grpc=grpc))

        with pytest.raises(IndexUnreachable, match=rf"127\.0\.0\.1:{port}.*server_url") as caught:
            engine.open("g0001")

    assert is_transient(caught.value)


def test_a_request_is_sent_again_while_the_server_is_busy() -> None:
    with answering([503, 429, 200]) as (url, requests):
        connection = Connection(url)

        assert connection.call(connection.client.collection_exists, "policies") is True

    assert requests == ["/collections/policies/exists"] * 3


def test_it_is_not_sent_for_ever() -> None:
    with answering([503] * 9) as (url, requests):
        connection = Connection(url)
        with pytest.raises(IndexUnreachable, match="503"):
            connection.call(connection.client.collection_exists, "policies")

    assert len(requests) == 4


def test_a_refused_key_is_not_tried_again() -> None:
    with answering([401] * 9) as (url, requests):
        connection = Connection(url)
        with pytest.raises(WrongUse, match="server_api_key"):
            connection.call(connection.client.collection_exists, "policies")

    assert len(requests) == 1


def test_a_collection_that_vanished_is_no_index() -> None:
    with answering([404]) as (url, _):
        connection = Connection(url)
        with pytest.raises(NoIndex, match="pincite ingest --rebuild"):
            connection.call(connection.client.count, "policies")


@contextmanager
def answering(statuses: list[int]) -> Iterator[tuple[str, list[str]]]:
    """A server that answers with these statuses in turn, and the paths it was asked for."""
    remaining, asked = iter(statuses), list[str]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps({"result": {"exists": True}, "status": "ok", "time": 0}).encode()
            self.send_response(next(remaining))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
