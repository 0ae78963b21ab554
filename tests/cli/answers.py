"""What tests read in the answer of a command."""

import json

import pytest


def one_object(answer):
    """The one JSON object on standard output, with nothing else there."""
    assert (answer.code, answer.err, answer.out.count("\n")) == (0, "", 1)
    return json.loads(answer.out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def said(answer):
    """The text of a command that went well."""
    assert (answer.code, answer.err) == (0, "")
    return answer.out
