"""Which part of a page belongs to which record of a list."""

from bisect import bisect_left
from collections.abc import Mapping

from inference.extract.nodes import NodeTree, Scope


class Regions:
    """The elements around the records of a list, each around one of them alone.

    `anchors` are nodes that are one record's for certain, by the record's number: the place of
    a value that stands on the page only once.
    """

    def __init__(self, tree: NodeTree, anchors: Mapping[int, int]) -> None:
        nodes = sorted(set(anchors.values()))
        shared = {node for node in nodes if sum(one == node for one in anchors.values()) > 1}
        self._scopes = {
            number: _around(tree, node, nodes)
            for number, node in anchors.items()
            if node not in shared
        }

    def is_own(self, number: int, node: int) -> bool:
        """Whether a node lies within the record."""
        return number in self._scopes and node in self._scopes[number]

    def is_foreign(self, number: int, node: int) -> bool:
        """Whether a node lies within another record, and not within this one."""
        if number not in self._scopes or node in self._scopes[number]:
            return False
        return any(node in scope for other, scope in self._scopes.items() if other != number)


def _around(tree: NodeTree, node: int, anchors: list[int]) -> Scope:
    """The largest element around an anchor that holds no other one."""
    widest = tree.scope(node)
    if len(anchors) == 1:
        return widest
    for ancestor in tree.ancestors(node):
        scope = tree.scope(ancestor)
        if bisect_left(anchors, scope.end) - bisect_left(anchors, scope.start) > 1:
            break
        widest = scope
    return widest
