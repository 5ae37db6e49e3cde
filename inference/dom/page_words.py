"""What controls that turn pages are called and marked with."""

import re
from enum import StrEnum
from typing import Final


class Turn(StrEnum):
    """Where to turn to."""

    NEXT = "next"
    PREVIOUS = "previous"
    FIRST = "first"
    LAST = "last"


NAMES: Final = {
    Turn.NEXT: re.compile(
        r"^\W*(?:next|next page|more results|older(?: \w+)?|weiter|nächste(?: seite)?|vor"
        r"|(?:page |résultats )?suivante?s?|(?:página )?siguiente|(?:página )?próxim[ao]"
        r"|(?:página )?seguinte"
        r"|avanti|(?:pagina )?successiv[ao]|(?:pagina )?prossim[ao]"
        r"|volgende(?: pagina)?|næste|nästa|neste"
        r"|następna|další|следующая|下一页|次へ|go to (?:the )?next page"
        r"|next (?:results|\d+|\w+ page|page of \w+)|(?:show|load|view|see) (?:\d+ )?(?:more"
        r"|older)(?: \w+){0,2}"
        r"|more|mehr (?:laden|anzeigen)|weitere (?:\w+ )?(?:laden|anzeigen)"
        r"|(?:afficher|voir|charger) (?:plus|davantage)(?: (?:de |d.)?\w+){0,2}"
        r"|(?:mostrar|ver|cargar|carregar) (?:más|mais)(?: \w+){0,2}"
        r"|(?:mostra|carica|vedi) (?:altr[oie]|di più)(?: \w+){0,2}"
        r"|meer (?:\w+ )?(?:laden|tonen|weergeven)|(?:toon|laad) meer(?: \w+)?)\W*$",
        re.IGNORECASE,
    ),
    Turn.PREVIOUS: re.compile(
        r"^\W*(?:prev|previous|previous page|zurück|vorherige(?: seite)?|(?:page )?précédente?"
        r"|indietro|(?:pagina )?precedente|vorige(?: pagina)?|forrige|föregående"
        r"|(?:página )?anterior"
        r"|(?:page|resultados) anteriores|back|newer(?: \w+)?|go to (?:the )?previous page)\W*$",
        re.IGNORECASE,
    ),
    Turn.FIRST: re.compile(
        r"^\W*(?:first|first page|erste(?: seite)?|première(?: page)?"
        r"|primera(?: página)?|prima(?: pagina)?|go to (?:the )?first page)\W*$",
        re.I,
    ),
    Turn.LAST: re.compile(
        r"^\W*(?:last|last page|letzte(?: seite)?|dernière(?: page)?"
        r"|última(?: página)?|ultima(?: pagina)?|go to (?:the )?last page)\W*$",
        re.I,
    ),
}
GLYPHS: Final = {
    Turn.NEXT: frozenset("›»❯→>⟩▶"),
    Turn.PREVIOUS: frozenset("‹«❮←<⟨◀"),
    Turn.FIRST: frozenset("⏮"),
    Turn.LAST: frozenset("⏭"),
}
MARKS: Final = {
    Turn.NEXT: frozenset({"next", "nx", "weiter", "nxt"}),
    Turn.PREVIOUS: frozenset({"prev", "previous", "zurück", "prv"}),
    Turn.FIRST: frozenset({"first"}),
    Turn.LAST: frozenset({"last"}),
}
REL: Final = {Turn.NEXT: "next", Turn.PREVIOUS: "prev", Turn.FIRST: "first", Turn.LAST: "last"}
