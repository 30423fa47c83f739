"""Why a document cannot be read."""

# They are named for what is the matter with the document, as the caller's message is.


class ParseError(Exception):
    """A document that cannot be read; the message says why and what to do. It stays failed until
    the file changes.

    The message continues the file's name: "handbook.pdf " + "is encrypted: save a copy …".
    """


class EmptyDocument(ParseError):
    """Nothing to read in it."""


class EncryptedDocument(ParseError):
    """A password stands before the text."""


class NoTextLayer(ParseError):
    """Pictures of pages, without characters."""


class CorruptDocument(ParseError):
    """Not what its format asks for, or cut short."""


class UnsupportedFormat(ParseError):
    """A format that no parser here reads."""


class WrongExtension(ParseError):
    """The content is of another format than the name says."""


class DocumentTooLarge(ParseError):
    """More than the limit on a file's size, or on the text or the passages in it."""


class ParsingTookTooLong(ParseError):
    """More than the limit on the time for reading it."""


class ParsingTookTooMuchMemory(ParseError):
    """More than the limit on the memory for reading it."""


class ParserCrashed(ParseError):
    """It brings the parser's process down."""


class WorkerCrashed(ParseError):
    """It brings the process down that indexes it."""
