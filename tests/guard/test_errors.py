"""The error tree: one line each, with an exit code."""

from __future__ import annotations

import pytest

from guard import errors
from guard.errors import AuscultError, InputError, RequestRefused, VerificationError

TREE = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, AuscultError)]


def test_an_error_is_one_line_of_problem_and_remedy() -> None:
    """Line breaks of what is quoted are folded, and the remedy comes last."""
    error = AuscultError("the file\n  is broken", "mend it")
    assert str(error) == "the file is broken; mend it"
    assert (error.problem, error.remedy) == ("the file\n  is broken", "mend it")
    assert str(AuscultError("broken")) == "broken"


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_wrong_input_exits_2_and_everything_else_1(kind: type[AuscultError]) -> None:
    """What we were given is wrong usage; what was checked and failed is not."""
    assert kind.exit_code == (2 if issubclass(kind, InputError) else 1)
    assert not issubclass(kind, VerificationError) or kind.exit_code == 1


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """Each error is drawn, so that the page can be trusted."""
    for kind in TREE:
        assert kind.__name__ in (errors.__doc__ or "")


def test_a_refused_request_names_a_field_but_no_value() -> None:
    """Code, status and field go to the client."""
    error = RequestRefused("not served", code="unsupported", status=422, param="n")
    assert (error.code, error.status, error.param, str(error)) == ("unsupported", 422, "n", "not served")
