"""Remember which of a page's groups is its list, and how its items are opened."""

from collections import Counter
from typing import Final

from inference.decisions import ActKind
from inference.dom.scene import Scene
from inference.memory.fingerprints import hint_tokens
from inference.memory.lessons import Lesson
from inference.memory.locator import ANY, Fingerprint, Remembered, Standing
from inference.memory.naming import Naming, shape
from inference.observation import Element, Membership, Observation

LIST: Final = "list"
"""The role of a fingerprint that is of a group of records, not of an element."""


def list_lesson(observation: Observation, group: int, naming: Naming) -> Lesson | None:
    """What the page's list teaches; None where its items have no titles to open."""
    title = _common_title(Scene(observation), group)
    if title is None:
        return None
    found = observation.groups[group]
    return Lesson(
        act=ActKind.CLICK,
        fingerprint=Fingerprint(
            tag=found.tag,
            role=LIST,
            type=title.role,
            hints=hint_tokens(title),
            heading=naming.named(shape(found.heading)),
            region=found.region,
        ),
    )


def remembered_list(observation: Observation, one: Remembered) -> int | None:
    """The one group that is the remembered list, None where none or several are."""
    wanted = one.fingerprint
    if wanted.role != LIST or one.standing is Standing.QUARANTINED:
        return None
    scene = Scene(observation)
    found = [
        index
        for index, group in enumerate(observation.groups)
        if (group.tag, group.region) == (wanted.tag, wanted.region)
        and wanted.heading in (ANY, shape(group.heading))
        and _opens_alike(scene, index, wanted)
    ]
    return found[0] if len(found) == 1 else None


def _opens_alike(scene: Scene, group: int, wanted: Fingerprint) -> bool:
    title = _common_title(scene, group)
    return title is not None and (title.role, hint_tokens(title)) == (wanted.type, wanted.hints)


def _common_title(scene: Scene, group: int) -> Element | None:
    """A title of the kind that most records of the group have."""
    refs = [
        scene.title(Membership(group, at))
        for at in range(len(scene.observation.groups[group].records))
    ]
    titles = [scene.observation.element(ref) for ref in refs if ref is not None]
    if not titles or 2 * len(titles) < len(refs):
        return None
    kinds = Counter((one.role, hint_tokens(one)) for one in titles)
    kind, count = kinds.most_common(1)[0]
    if 2 * count <= len(titles):
        return None
    return next(one for one in titles if (one.role, hint_tokens(one)) == kind)
