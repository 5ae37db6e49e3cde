"""What words say that an act does; the same words that only look like it."""

import pytest

from inference.wording import Wording, intent_says, label_says

DESTROYS = [
    "Delete", "Delete account", "Remove", "Remove item", "Cancel subscription",
    "Cancel my booking", "Unsubscribe", "Yes, delete it", "Löschen", "Konto löschen",
    "Vertrag kündigen", "Supprimer", "Annuler ma commande", "Eliminar", "Cancelar pedido",
    "Elimina", "Annulla l'ordine", "Excluir", "Verwijderen", "Usuń", "Ta bort",
]  # fmt: skip
COMMITS = [
    "Buy now", "Buy", "Pay", "Pay $20.00", "Place order", "Place my order", "Place reservation",
    "Order", "Order now", "Complete purchase", "Confirm booking", "Book", "Book now", "Post",
    "Post comment", "Publish", "Add to cart", "Add 2 items to basket", "Donate", "Place bid",
    "Jetzt kaufen", "Zahlungspflichtig bestellen", "Kostenpflichtig bestellen", "Buchen",
    "Bestellung absenden", "In den Warenkorb", "Acheter", "Payer", "Commander", "Réserver",
    "Comprar", "Pagar ahora", "Realizar pedido", "Acquista", "Paga ora", "Prenota", "Ordina ora",
    "Finalizar compra", "Encomendar", "Nu kopen", "Bestellen", "Betalen", "Kup teraz", "Zapłać",
    "Zamów", "Zamawiam i płacę", "Köp nu",
]  # fmt: skip
SENDS = [
    "Submit", "Send", "Send message", "Confirm", "Submit application", "Apply now", "Register",
    "Sign up", "Create account", "Absenden", "Senden", "Formular abschicken", "Bestätigen",
    "Envoyer", "Confirmer", "Valider", "Enviar", "Confirmar", "Invia", "Conferma", "Versturen",
    "Bevestigen", "Wyślij", "Potwierdź",
]  # fmt: skip
SIGNS_IN = ["Sign in", "Log in", "Login", "Verify code", "Anmelden", "Se connecter", "Zaloguj"]
NOTHING = [
    "Order by price", "Sort order", "Order history", "Order 1234", "My orders", "Orders",
    "Send me to page 2", "Search", "Find", "Bestellen nach", "Bestellen nach Preis", "Filter",
    "Remove filters", "Clear search", "Filter entfernen", "Supprimer les filtres",
    "Quitar filtros", "Ordina per prezzo", "Ordenar por precio", "Sorteren op prijs",
    "Wyczyść filtry", "Post code", "Postcode", "Books", "Bookmarks", "Booking details",
    "Payment methods", "Next", "Continue", "Show phone number", "Buyer protection", "Sender",
    "Bestellungen", "Mes commandes", "Close", "Cancel", "Back", "2019 Sea Ray Sundancer", "",
    "Show deleted items", "Reject all", "Accept all cookies",
]  # fmt: skip


@pytest.mark.parametrize("label", DESTROYS)
def test_names_of_what_takes_away(label: str) -> None:
    assert label_says(label) is Wording.DESTROYS


@pytest.mark.parametrize("label", COMMITS)
def test_names_of_what_binds(label: str) -> None:
    assert label_says(label) is Wording.COMMITS


@pytest.mark.parametrize("label", SENDS)
def test_names_of_what_hands_in(label: str) -> None:
    assert label_says(label) is Wording.SENDS


@pytest.mark.parametrize("label", SIGNS_IN)
def test_names_of_what_signs_in(label: str) -> None:
    assert label_says(label) is Wording.SIGNS_IN


@pytest.mark.parametrize("label", NOTHING)
def test_names_of_what_may_happen_twice(label: str) -> None:
    assert label_says(label) in (None, Wording.SEARCHES)


@pytest.mark.parametrize(
    ("intent", "says"),
    [
        ("Submit the contact form", Wording.SENDS),
        ('Click the "Place reservation" button', Wording.COMMITS),
        ("Click on 'Buy now'", Wording.COMMITS),
        ("Click Delete", Wording.DESTROYS),
        ("Press the send button", Wording.SENDS),
        ("Fill in the form and submit it", Wording.SENDS),
        ("Delete the draft", Wording.DESTROYS),
        ("Please order the blue boat", Wording.COMMITS),
        ("Book a table for two", Wording.COMMITS),
        ("Pay the invoice", Wording.COMMITS),
        ("Cancel the subscription", Wording.DESTROYS),
        ("Klicke auf „Jetzt kaufen“", Wording.COMMITS),
        ("Klicke auf die Schaltfläche Senden", Wording.SENDS),
        ("Die Nachricht absenden", Wording.SENDS),
        ("Cliquez sur le bouton « Commander »", Wording.COMMITS),
        ("Haz clic en Comprar", Wording.COMMITS),
        ("Clicca su Paga ora", Wording.COMMITS),
        ("Klik op Bestellen", Wording.COMMITS),
        ("Kliknij przycisk Wyślij", Wording.SENDS),
        ('Click the "Sign in" button', Wording.SIGNS_IN),
    ],
)
def test_intents_that_act(intent: str, says: Wording) -> None:
    assert intent_says(intent) is says


@pytest.mark.parametrize(
    "intent",
    [
        "Order the boats by price",
        "Order by price",
        "Send me to page 2",
        "Submitted orders tab",
        "Open the order details",
        "Open order 1234",
        "Click the first order",
        "View the order history",
        "Open the first post",
        "Open the book 'Pay or Play'",
        "Click the next listing",
        "Search for boats",
        "Confirm that the page shows 3 results",
        "Choose the sort order Newest",
        "Bestellen nach Preis",
        "Nach Preis sortieren",
        "Clear all filters",
        "Go to the Buy section",
        "Fill the confirm password field",
        "Show the phone number",
        "",
    ],
)
def test_intents_that_may_happen_twice(intent: str) -> None:
    assert intent_says(intent) in (None, Wording.SEARCHES)
