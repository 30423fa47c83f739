"""Like `benchmarks.fuzz` for one format, with inputs that are kept where they reach new code.

python -m benchmarks.fuzz_guided SUFFIX [--seconds S]

Needs atheris (Linux and macOS). It stops at the first finding and prints it; the input is left in a
file "crash-…" in the working folder.
"""

import argparse
import sys
import tempfile
import warnings
from pathlib import Path

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["ingest", "markdown_it", "pdfminer", "striprtf", "email"]):
    from ingest.parse import SUFFIXES
    from tests.fuzz.invariants import check
    from tests.fuzz.seeds import seeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("suffix", choices=sorted(SUFFIXES))
    parser.add_argument("--seconds", type=int, default=60)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    name = f"document{arguments.suffix}"
    contents = seeds()[arguments.suffix]
    with tempfile.TemporaryDirectory() as folder:
        for number, content in enumerate(contents):
            (Path(folder) / str(number)).write_bytes(content)
            check(content, name)
        limits = [f"-max_total_time={arguments.seconds}", "-timeout=30", "-rss_limit_mb=4096"]
        atheris.Setup([sys.argv[0], *limits, folder], lambda content: check(content, name))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
