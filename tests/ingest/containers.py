"""Containers that no library here writes: OLE files, as Outlook's mails and old Office files are."""

import struct
import zipfile
from collections.abc import Mapping
from io import BytesIO

Tree = Mapping[str, "bytes | Tree"]

_FREE, _END, _FAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def archive(members: Mapping[str, bytes | str], *, stored: tuple[str, ...] = ()) -> bytes:
    """A zip archive; the members named in `stored` are not packed."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content, zipfile.ZIP_STORED if name in stored else None)
    return stream.getvalue()


def ole(tree: Tree) -> bytes:
    """A compound file (MS-CFB) of storages and of streams below 4,096 bytes."""
    entries: list[bytes] = []
    small, large = _Sectors(64), _Sectors(512)

    def add(name: str, node: "bytes | Tree", kind: int, sibling: int) -> int:
        """Children are chained to the right; a tree out of balance is still one."""
        place = len(entries)
        entries.append(b"")
        child, start, size = _NONE, 0, 0
        if isinstance(node, bytes):
            assert len(node) < 4096
            start, size = small.put(node), len(node)
        else:
            for each, below in reversed(list(node.items())):
                child = add(each, below, 2 if isinstance(below, bytes) else 1, child)
        if kind == 5:
            size = len(small.content)
            start = large.put(small.content)
        encoded = name.encode("utf-16-le") + b"\0\0"
        entries[place] = struct.pack(
            "<64sHBBIII16sIQQIQ",
            encoded, len(encoded), kind, 1, _NONE, sibling, child, b"", 0, 0, 0, start, size,
        )  # fmt: skip
        return place

    add("Root Entry", tree, 5, _NONE)
    directory = large.put(b"".join(entries).ljust(-(-len(entries) // 4) * 512, b"\0"))
    small_table = large.put(_table(small.following))
    table_sector = len(large.following)
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII109I",
        bytes.fromhex("d0cf11e0a1b11ae1"), b"", 0x3E, 3, 0xFFFE, 9, 6, b"",
        0, 1, directory, 0, 4096, small_table, 1, _END, 0, table_sector, *([_FREE] * 108),
    )  # fmt: skip
    return header + large.content + _table([*large.following, _FAT])


class _Sectors:
    """Contents in sectors of one size; `following` says for each which comes next."""

    def __init__(self, size_bytes: int) -> None:
        self.size_bytes = size_bytes
        self.content = b""
        self.following: list[int] = []

    def put(self, content: bytes) -> int:
        if not content:
            return _END
        first = len(self.following)
        count = -(-len(content) // self.size_bytes)
        self.content += content.ljust(count * self.size_bytes, b"\0")
        self.following += [*range(first + 1, first + count), _END]
        return first


def _table(following: list[int]) -> bytes:
    assert len(following) <= 128, "one sector is enough for a test"
    return struct.pack("<128I", *following, *([_FREE] * (128 - len(following))))


def msg(
    texts: Mapping[int, str], *, html: bytes = b"", to: str = "", attached: Mapping[str, bytes]
) -> bytes:
    """A mail as Outlook saves it. `texts` are by property number, e.g. 0x37 for the subject."""
    binaries = {0x1013: html} if html else {}
    tree: dict[str, bytes | Tree] = dict(_properties(texts, binaries, header_bytes=32))
    if to:
        tree["__recip_version1.0_#00000000"] = _properties({0x39FE: to}, {}, header_bytes=8)
    for number, (name, content) in enumerate(attached.items()):
        tree[f"__attach_version1.0_#{number:08X}"] = _properties(
            {0x3707: name}, {0x3701: content}, header_bytes=8
        )
    return ole(tree)


def _properties(
    texts: Mapping[int, str], binaries: Mapping[int, bytes], *, header_bytes: int
) -> dict[str, bytes]:
    values = {(number, 0x001F): text.encode("utf-16-le") for number, text in texts.items()}
    values |= {(number, 0x0102): content for number, content in binaries.items()}
    table = b"".join(
        struct.pack("<HHIII", kind, number, 6, len(value), 0)
        for (number, kind), value in values.items()
    )
    streams = {f"__substg1.0_{n:04X}{kind:04X}": value for (n, kind), value in values.items()}
    return {"__properties_version1.0": bytes(header_bytes) + table} | streams
