"""Which fields to read: a schema's, the step's, those named in the intent, else the page's."""

from collections.abc import Mapping

from pydantic import JsonValue

from inference.content import Content
from inference.extract.pairs import Pair, pairs
from inference.extract.tree import Tree
from inference.extract.words import is_placeholder, name_words
from plans.fields import step_fields
from plans.step import ExtractField, Step

_SURE = frozenset({"term", "cell", "colon"})
MOST_FIELDS = 40


def fields_for(
    content: Content, step: Step, extraction_schema: Mapping[str, JsonValue] | None = None
) -> tuple[ExtractField, ...]:
    """The fields an extract step reads on this page.

    Where neither schema nor step nor intent names any: the labelled pairs of the page.
    Empty where it has none.

    Raises:
        plans.errors.PlanError: the schema has no properties.
    """
    named = step_fields(step, extraction_schema)
    if named:
        return named
    names = dict.fromkeys("_".join(name_words(label)) for label, _ in labelled_pairs(content))
    return tuple(ExtractField(name=name) for name in list(names)[:MOST_FIELDS] if name)


def labelled_pairs(content: Content) -> tuple[tuple[str, str], ...]:
    """Label and value pairs of the page's main record, each label once, values as shown."""
    tree = Tree(content)
    found: dict[str, Pair] = {}
    for pair in pairs(tree, tree.main):
        outside = tree.in_aside(pair.node) or tree.is_chrome(pair.node)
        if pair.source in _SURE and not outside and not is_placeholder(pair.value):
            found.setdefault(pair.label, pair)
    return tuple((pair.label, pair.value) for pair in found.values())
