"""LlamaIndex in and out: its readers as a source, Pincite's passages as a retriever, and Qdrant Edge as
a vector store. Nothing else imports this package, since LlamaIndex takes seconds to load."""
