"""Which fields to read: the step's, those named in the intent, else the page's."""

from inference.content import Content
from inference.extract.pairs import Pair, pairs
from inference.extract.tree import Tree
from inference.extract.words import is_placeholder, name_words
from plans.fields import step_fields
from plans.step import ExtractField, Step

_SURE = frozenset({"term", "cell", "colon"})
MOST_FIELDS = 40


def fields_for(content: Content, step: Step) -> tuple[ExtractField, ...]:
    """The fields an extract step reads on this page.

    Where neither step nor intent names any: the labelled pairs of the page. Empty where it
    has none.
    """
    named = step_fields(step)
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
