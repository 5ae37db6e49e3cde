"""What the words of an intent or of a button say that an act does to the world.

Words are compared without case and accents. Texts that only look like acts ("order by price",
"post code") are taken out first.
"""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Wording(StrEnum):
    """What an act does by its words; the first that fits counts."""

    DESTROYS = "destroys"
    """Takes something away or ends it: delete, cancel a booking, unsubscribe."""
    COMMITS = "commits"
    """Binds, costs or makes public: buy, pay, order, book, publish."""
    SENDS = "sends"
    """Hands something in: submit, send, confirm."""
    SIGNS_IN = "signs_in"
    SEARCHES = "searches"
    """Only asks: search, filter, sort, turn the page."""


_THING = (
    r"(?:\w+ ){0,2}(?:orders?|bookings?|reservations?|subscriptions?|memberships?|accounts?|plan"
    r"|appointments?|purchase|trip|flight|contract|membership)"
)

_HARMLESS: Final = re.compile(
    "|".join(
        (
            # English
            r"\b(?:sort(?:ing)?|display|list) order\b",
            r"\border (?:by|history|numbers?|no|ids?|status|details?|dates?|summary|list|form|page"
            r"|tracking|confirmation|#? ?\d+)\b",
            r"\border\b.{0,40}\bby\b",
            r"\borders\b",
            r"\b(?:in|out of|alphabetical|ascending|descending|reverse) order\b",
            r"\bsend (?:me|us) (?:back )?(?:to|on)\b",
            r"\bpost(?:al)? ?codes?\b",
            r"\bbook(?:ing)? (?:titles?|details?|history|numbers?|reference|confirmation|club"
            r"|reviews?|covers?|list|shop|store)\b",
            r"\b(?:books|bookmarks?)\b",
            r"\bpay(?:ment)? (?:methods?|options?|details?|history|types?|range|scale|slips?)\b",
            r"\bconfirm (?:(?:your|the|new) )?(?:passwords?|e-?mails?)\b(?= (?:field|box|input))",
            r"\bconfirm (?:that|whether|if)\b",
            r"\b(?:remove|delete|clear) (?:all )?(?:\w+ )?(?:filters?|search(?:es)?|selection)\b",
            r"\b(?:buying|order|payment|booking) (?:guide|help|faq|terms)\b",
            r"\bshow\b.{0,30}\b(?:deleted|removed|sent|paid|booked)\b",
            # German
            r"\b(?:bestellen|ordnen|sortieren) nach\b",
            r"\bbestell(?:ung(?:en)?|nummer|status|verlauf|datum|ubersicht)\b"
            r"(?! (?:absenden|aufgeben|abschicken|abschliessen|bestatigen|senden|loschen"
            r"|stornieren))",
            r"\b(?:alle )?filter (?:entfernen|loschen|zurucksetzen)\b",
            r"\bbuch(?:er|ungsnummer|titel)?\b",
            # French, Spanish, Italian, Portuguese, Dutch, Polish
            r"\b(?:supprimer|effacer) (?:les |le |tous les )?filtres?\b",
            r"\b(?:mes|vos|historique des) commandes\b",
            r"\b(?:eliminar|borrar|quitar|limpiar) (?:los |el )?filtros?\b",
            r"\b(?:ordina(?:re)?|ordena[r]?|ordene) (?:per|por|segun)\b",
            r"\b(?:elimina|rimuovi|cancella) (?:i |il )?filtr[io]\b",
            r"\b(?:remover|limpar|excluir) (?:os |o )?filtros?\b",
            r"\b(?:filters?|filter) (?:wissen|verwijderen)\b|\bverwijder (?:de )?filters?\b",
            r"\bsorteren op\b|\bbestellingen\b",
            r"\b(?:usun|wyczysc) filtry\b|\bsortuj\b",
        )
    )
)

_DESTROYS: Final = re.compile(
    "|".join(
        (
            rf"^(?:permanently )?(?:delete|remove|erase|destroy|terminate|discard|cancel {_THING})"
            r"\b",
            rf"\b(?:yes|now|please|and),? (?:delete|remove|erase|cancel {_THING})\b",
            r"\b(?:unsubscribe|deactivate (?:\w+ )?account|close (?:\w+ )?account|revoke)\b",
            rf"\bcancel {_THING}\b",
            r"\b(?:losche?n?|entfernen?|kundigen?|stornieren?|storniere|abmelden vom newsletter)\b",
            r"\b(?:supprime[rz]?|retire[rz]?|resilie[rz]?|annule[rz]? (?:la |ma |votre )?"
            r"(?:commande|reservation|abonnement))\b",
            r"\b(?:elimina[r]?|borra[r]?|suprimir|darse de baja|cancela[r]? (?:la |el |mi |tu )?"
            r"(?:pedido|reserva|suscripcion|compra))\b",
            r"\b(?:cancella(?:re)?|rimuov[ie](?:re)?|disdici|annulla (?:l'|il |la )?"
            r"(?:ordine|prenotazione|abbonamento))\b",
            r"\b(?:exclu(?:ir|a)|apaga[r]?|remove[r]?|cancela[r]? (?:o |a )?"
            r"(?:pedido|reserva|assinatura|compra))\b",
            r"\b(?:verwijder(?:en)?|opzeggen|annuleer (?:de )?(?:bestelling|boeking))\b",
            r"\b(?:usun(?:ac)?|skasuj|anuluj (?:zamowienie|rezerwacje|subskrypcje))\b",
            r"\b(?:ta bort|radera|slet|smazat)\b",
        )
    )
)

_COMMITS: Final = re.compile(
    "|".join(
        (
            r"^(?:buy|pay|purchase|reserve|donate|transfer|withdraw|deposit|publish|subscribe|bid"
            r"|repost|retweet)\b(?! to\b.{0,20}\bpage)",
            r"\b(?:buy|pay|order|book|reserve|subscribe|donate) (?:now|it|today|here|online)\b",
            r"^order(?:$| (?:the|a|an|this|that|my|our|some|for|one|two|three|\d+)\b)",
            r"^book(?:$| (?:the|a|an|this|that|my|our|your|for|one|two|\d+|room|flight|table|hotel"
            r"|ticket|stay|appointment)\b)",
            r"^post(?:$| (?:now|it|this|the|a|an|my|your|comment|reply|review|ad|message|job)\b)",
            r"\b(?:place|complete|finish|submit|confirm|finali[sz]e|make|send) (?:\w+ ){0,2}"
            r"(?:order|bid|bet|booking|reservation|purchase|payment|checkout|transfer|donation)\b",
            r"\badd (?:.{1,40} )?to (?:\w+ )?(?:cart|basket|bag|trolley|order)\b",
            r"\b(?:kaufe?n?|bezahlen?|bestellen?|buchen?|spenden?|uberweisen?|reservieren?"
            r"|veroffentlichen?|abonnieren?|zahlen|ersteigern|inserieren|mieten)\b",
            r"\b(?:kosten|zahlungs)pflichtig\b",
            r"\bbestellung (?:absenden|aufgeben|abschicken|abschliessen|bestatigen|senden)\b",
            r"\b(?:gebot abgeben|anzeige aufgeben|in den warenkorb)\b",
            r"\b(?:achete[rz]?|paye[rz]?|commande[rz]|regle[rz]? (?:la |ma )?commande|reserve[rz]"
            r"|publie[rz]?|s'abonner|faire un don|passer (?:la |ma )?commande|ajouter au panier"
            r"|virement)\b|^commande(?! n)\b",
            r"\b(?:comprar?|pagar?|reservar|pedir ahora|realizar (?:el )?pedido"
            r"|hacer (?:el )?pedido|publicar|suscribirse|donar|transferir|anadir al carrito"
            r"|tramitar pedido)\b",
            r"\b(?:acquista(?:re)?|compra(?:re)?|paga(?:re)?|prenota(?:re)?|pubblica(?:re)?|dona"
            r"|abbonati|aggiungi al carrello|effettua (?:l')?ordine|invia (?:l')?ordine)\b"
            r"|\bordina(?:re)?(?: ora| adesso)?$",
            r"\b(?:compre|pague|encomendar?|reserve|assinar|doar|finalizar (?:a )?(?:compra|pedido)"
            r"|fazer (?:o )?pedido|adicionar ao carrinho)\b",
            r"\b(?:kopen|koop nu|betalen|betaal|bestel(?:len)?|afrekenen|reserveren|reserveer"
            r"|publiceren|doneren|boek(?:en)? nu|nu boeken|in winkelwagen|plaats bestelling)\b",
            r"\b(?:kup(?:uje|ic)?|zaplac|place|zamow(?:ic)?|zamawiam|zarezerwuj|rezerwuj|opublikuj"
            r"|zloz zamowienie|dodaj do koszyka|subskrybuj|przelej)\b(?<!\bplace)",
            r"\b(?:kop nu|betala|bestall|boka nu|kob nu|koupit|objednat)\b",
        )
    )
)

_SENDS: Final = re.compile(
    "|".join(
        (
            r"^(?:submit|send|confirm|approve|apply now|register|sign up|enrol+|reply|resend"
            r"|create (?:\w+ )?account|accept (?:the )?(?:offer|bid|quote))\b",
            r"\b(?:submit|send) (?:now|it|form|the (?:form|application|request|message|order|review"
            r"|enquiry|inquiry|contact))\b",
            r"\b(?:absenden?|abschicken?|verschicken?|senden?|einreichen?|bestatigen?|ubermitteln"
            r"|registrieren|beantragen|bewerben)\b",
            r"\b(?:envoye[rz]?|soumett(?:re|ez)|confirme[rz]?|valide[rz]?|s'inscrire|postuler)\b",
            r"\b(?:envia[r]?|confirma[r]?|registrarse|solicitar)\b",
            r"\b(?:invia(?:re)?|conferma(?:re)?|registrati|iscriviti|inoltra)\b",
            r"\b(?:envie|confirme|cadastrar|inscrever-se|submeter)\b",
            r"\b(?:versturen|verstuur|verzenden|verzend|bevestigen|bevestig|indienen|aanmelden voor"
            r"|registreren)\b",
            r"\b(?:wyslij|potwierdz|zatwierdz|zarejestruj|zglos)\b",
            r"\b(?:skicka|bekrafta|send inn|odeslat)\b",
        )
    )
)

_SIGNS_IN: Final = re.compile(
    r"\b(?:(?:sign|log)(?: |-)?(?:in|on)|login|verify (?:the )?(?:code|identity)|anmelden|einloggen"
    r"|connexion|se connecter|connectez|iniciar sesion|acceder|entrar|accedi|inloggen|aanmelden"
    r"|zaloguj|logga in)\b"
)

_SEARCHES: Final = re.compile(
    r"\b(?:search|find|look up|filters?|sort(?: by)?|order by|refine|narrow|next page|previous page"
    r"|page \d+|show results|suchen?|suche|filtern?|sortieren|bestellen nach|rechercher?|chercher"
    r"|filtre[rz]?|trier|buscar|filtrar|ordenar por|cerca|cercare|filtra|ordina per|pesquisar"
    r"|zoeken|zoek|filteren|sorteren|szukaj|wyszukaj|filtruj|sortuj)\b"
)

_QUOTED: Final = re.compile(
    r"[\"“”„«]([^\"“”»]+)[\"“”»]|(?<!\w)['‘‚]((?:[^'’]|(?<=\w)['’](?=\w))+)['’](?!\w)"
)
_PARTS: Final = re.compile(
    r"[.;:!?]\s+|,\s*|\s+(?:and then|and|then|und dann|und|dann|et puis|et|puis|y luego|e poi|oraz"
    r"|en dan)\s+"
)
_PRESSES: Final = re.compile(
    r"^(?:please )?(?:click|press|tap|hit|push|choose|select|use|klicken?|klick|drucken?|drucke"
    r"|wahlen?|cliquez|clique[rz]?|appuyez|haz clic|haga clic|pulsa[r]?|presiona[r]?|clicca(?:re)?"
    r"|premi|clique|pressione|klik|druk|kliknij|nacisnij)\b(?: sie)?"
)
_AROUND: Final = re.compile(
    r"^(?: ?(?:on|in|the|a|an|auf|den|die|das|der|sur|le|la|les|en|el|los|su|il|lo|no|na|o|op|de"
    r"|het|w|przycisk|button|boton|bouton|pulsante|botao|knop|schaltflache)\b)+"
    r"|\b(?:(?:button|link|icon|option|knopf|schaltflache|bouton|boton|pulsante|botao|knop"
    r"|przycisk)\b.*)$"
)
_POLITE: Final = re.compile(
    r"^(?:please|now|finally|then|bitte|jetzt|nun|svp|por favor|per favore) "
)
_LONGEST: Final = 300


@lru_cache(maxsize=4000)
def label_says(label: str) -> Wording | None:
    """What pressing something of this name does; None where the name does not tell."""
    return _judge(_plain(label))


@lru_cache(maxsize=4000)
def intent_says(intent: str) -> Wording | None:
    """What a step of this intent does, by its verbs and by the names that it quotes."""
    found: list[Wording] = []
    for part in _PARTS.split(_plain(_QUOTED.sub(" ", intent))):
        words = _POLITE.sub("", part.strip())
        pressed = _PRESSES.match(words)
        if pressed is not None:
            words = _AROUND.sub("", words[pressed.end() :].strip()).strip()
        found += _listed(_judge(words))
    if any(_PRESSES.match(_POLITE.sub("", part.strip())) for part in _PARTS.split(_plain(intent))):
        for one, other in _QUOTED.findall(intent):
            found += _listed(label_says(one or other))
    return min(found, key=list(Wording).index, default=None)


def strongest(*said: Wording | None) -> Wording | None:
    """The one of several that weighs most."""
    return min((one for one in said if one), key=list(Wording).index, default=None)


def _judge(text: str) -> Wording | None:
    bare = " ".join(_HARMLESS.sub(" ", text).split())
    for wording, pattern in (
        (Wording.DESTROYS, _DESTROYS),
        (Wording.COMMITS, _COMMITS),
        (Wording.SENDS, _SENDS),
    ):
        if pattern.search(bare):
            return wording
    for wording, pattern in ((Wording.SIGNS_IN, _SIGNS_IN), (Wording.SEARCHES, _SEARCHES)):
        if pattern.search(text):
            return wording
    return None


def _listed(said: Wording | None) -> list[Wording]:
    return [said] if said else []


def _plain(text: str) -> str:
    """Lower case without accents, one space between words."""
    folded = text[:_LONGEST].casefold().replace("ł", "l").replace("ø", "o")
    spread = unicodedata.normalize("NFKD", folded)
    kept = "".join(sign for sign in spread if not unicodedata.combining(sign))
    return " ".join(kept.split())
