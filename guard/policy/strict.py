"""YAML without what surprises people: duplicate keys, aliases, merge keys, tags, and "on" or "no" as a boolean."""

from __future__ import annotations

import re
from typing import Any

import yaml

from guard.errors import PolicyError


class _StrictLoader(yaml.SafeLoader):
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.constructor.ConstructorError(None, None, f"an alias or a tag{event.start_mark}", None)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if any(not isinstance(key, str) for key in keys) or len(set(keys)) != len(keys) or "<<" in keys:
            problem = "a duplicate key, a merge key, or a key that is not text"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


_BOOLEAN = "tag:yaml.org,2002:bool"
# As in YAML 1.2: only true and false are booleans; yes, no, on and off are words.
_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _BOOLEAN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_StrictLoader.add_implicit_resolver(_BOOLEAN, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def strict_yaml(data: bytes) -> Any:
    """Decode YAML.

    Raises:
        PolicyError: It is not YAML, or uses a duplicate key, an alias, a merge key or a tag.
    """
    try:
        return yaml.load(data, Loader=_StrictLoader)  # noqa: S506  (a SafeLoader with less in it)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise PolicyError(f"not strict YAML: {error}") from error
