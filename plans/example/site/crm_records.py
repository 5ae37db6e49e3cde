"""What the little CRM knows: contacts, their notes, and leads."""

from dataclasses import asdict, dataclass, field, replace

CRM_USER = "sam@crm.test"
CRM_PASSWORD = "crm-demo"
STATUSES = ("Customer", "Prospect", "Inactive")
STAGES = ("New", "Contacted", "Qualified", "Won", "Lost")
SOURCES = ("Website", "Boat show", "Referral", "Phone call")

_PEOPLE = (
    ("Ada Lindqvist", "Fjord Charters", "Customer", "Seattle"),
    ("Ben Okafor", "Okafor Fishing", "Prospect", "Tampa"),
    ("Carla Mendez", "Mendez Boatyard", "Customer", "San Diego"),
    ("David Cho", "Blue Heron Rentals", "Inactive", "Norfolk"),
    ("Elena Petrova", "Harbor Lights Inn", "Customer", "Newport"),
    ("Farid Nasser", "Nasser Sailing School", "Prospect", "Annapolis"),
    ("Grace Whitfield", "Whitfield Marina", "Customer", "Charleston"),
    ("Hugo Bernard", "Bernard Imports", "Prospect", "Savannah"),
    ("Ines Carvalho", "Atlantic Rigging", "Customer", "Marblehead"),
    ("James Porter", "Porter & Sons Canvas", "Inactive", "Galveston"),
    ("Kira Novak", "Novak Surveyors", "Prospect", "Baltimore"),
    ("Liam Gallagher-Reed", "Reed Ferries", "Customer", "Woods Hole"),
    ("Mina Takahashi", "Takahashi Marine Art", "Prospect", "Key West"),
    ("Noah Bergstrom", "Great Lakes Outfitters", "Customer", "Holland"),
    ("Opal Jennings", "Jennings Insurance", "Inactive", "Stuart"),
    ("Priya Raman", "Raman Diving", "Customer", "Naples"),
    ("Quentin Doyle", "Doyle Dockworks", "Prospect", "Wilmington"),
    ("Rita Salgado", "Salgado Seafood", "Customer", "Rockport"),
)


@dataclass(frozen=True)
class Contact:
    """A person the company deals with; `notes` are newest first."""

    id: int
    name: str
    company: str
    status: str
    city: str
    email: str
    phone: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lead:
    """Somebody who may buy; `value` in whole dollars."""

    id: int
    name: str
    company: str
    source: str
    stage: str
    value: int


def _contacts() -> dict[int, Contact]:
    contacts: dict[int, Contact] = {}
    for index, (name, company, status, city) in enumerate(_PEOPLE, start=1):
        email = f"{name.split()[0].lower()}@{company.split()[0].lower()}.test"
        phone = f"(555) 555-01{20 + index}"
        contacts[index] = Contact(index, name, company, status, city, email, phone)
    contacts[7] = replace(contacts[7], notes=("Asked for a quote on 14 slips.",))
    return contacts


def _leads() -> list[Lead]:
    return [
        Lead(1, "Tobias Krane", "Krane Towing", "Website", "New", 42_000),
        Lead(2, "Uma Castellano", "Castellano Yachts", "Boat show", "Qualified", 185_000),
        Lead(3, "Victor Ash", "Ash Sailmakers", "Referral", "Contacted", 23_500),
    ]


@dataclass
class CrmRecords:
    """The records as they are now; nothing outlives the process."""

    contacts: dict[int, Contact] = field(default_factory=_contacts)
    leads: list[Lead] = field(default_factory=_leads)

    def search(self, text: str, status: str) -> list[Contact]:
        """Contacts whose name, company or city has the text in it, with this status."""
        wanted = text.lower()
        return [
            contact
            for contact in self.contacts.values()
            if wanted in f"{contact.name} {contact.company} {contact.city}".lower()
            and status in ("", contact.status)
        ]

    def save(self, contact: Contact) -> None:
        """Puts a changed contact in the place of the old one."""
        self.contacts[contact.id] = contact

    def add_note(self, contact: Contact, note: str) -> None:
        """Puts a note on top of the contact's notes."""
        self.save(replace(contact, notes=(note, *contact.notes)))

    def add_lead(self, name: str, company: str, source: str, stage: str, value: int) -> Lead:
        """Writes a new lead down."""
        lead = Lead(len(self.leads) + 1, name, company, source, stage, value)
        self.leads.append(lead)
        return lead

    def snapshot(self) -> dict[str, list[dict[str, object]]]:
        """All records as plain data for the oracle."""
        return {
            "contacts": [asdict(contact) for contact in self.contacts.values()],
            "leads": [asdict(lead) for lead in self.leads],
        }

    def reset(self) -> None:
        """Brings the first records back."""
        self.contacts = _contacts()
        self.leads = _leads()
