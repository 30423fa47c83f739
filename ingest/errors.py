"""Errors that the user can do something about."""


class PinciteError(Exception):
    """What happened and what to do, in words for the user. `exit_code` is the command line's."""

    exit_code = 3


class WrongUse(PinciteError):
    """The command, the request or the settings are not what is understood."""

    exit_code = 2
