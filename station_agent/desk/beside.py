"""For the human look: the impression on the sealed letter beside the sender's registered ones. Shows and says; decides nothing."""

from dataclasses import dataclass

from hub.cases.machine import Side
from hub.letters.compare.sight import Sight, crop_impression, find_impressions, see
from hub.protocol.codes import Code
from hub.protocol.envelope import Role
from hub.protocol.errors import Refused
from hub.protocol.identifiers import CaseId, Digest
from hub.signing.certificates import x5t_of
from hub.signing.seal_reading import read_seals
from station_agent.agent import Agent
from station_agent.desk.inquiry import require_inquiry
from station_agent.specimens import Specimen, SpecimensKnown, specimens_known
from station_agent.store.cases import require_case


@dataclass(frozen=True, slots=True)
class Beside:
    """What there is to look at: the letter, the station's impressions that are here, and why some or all lack.

    Impressions of the seal that sealed this letter come first; `own` says of each whether it is of that seal.
    """

    letter: Digest
    specimens: tuple[Specimen, ...]
    own: tuple[bool, ...]
    lacking: Code | None


@dataclass(frozen=True, slots=True)
class OnLetter:
    """The impression on the letter: the page it stands on and how many the page has; the part of the page around the clearest."""

    page: int
    count: int
    crop: bytes


def impressions_beside(agent: Agent, case: CaseId) -> Beside:
    """Return what can be laid side by side for the letter of `case`. Asks nobody. Raises: as `letter_and_specimens`; Damaged."""
    letter, known = letter_and_specimens(agent, case)
    return _ordered(agent, letter, known)


def letter_and_specimens(agent: Agent, case: CaseId) -> tuple[Digest, SpecimensKnown]:
    """Return the letter of `case` and what is known of its sender's impressions; the letter is not read.

    Raises: Refused (`station.no_letter`, `station.not_answerer`).
    """
    with agent.store.read() as tx:
        row = require_case(tx, case)
        if row.side != Side.ANSWERER.value:
            raise Refused(Code.NOT_ANSWERER)
        inquiry = require_inquiry(tx, agent, case)
    letter = next((file for file in inquiry.envelope.attachments if file.role is Role.LETTER), None)
    if letter is None:
        raise Refused(Code.NO_LETTER, detail=case)
    return letter.digest, specimens_known(agent, row.peer)


def impression_on(agent: Agent, letter: Digest) -> OnLetter:
    """Return the clearest impression on the first page of a letter that has one. Blocks for some tenths of a second a page.

    Raises: Refused (`specimen.no_impression`, or why the letter cannot be read), Unavailable, Damaged.
    """
    raw = agent.store.blobs.whole(letter)
    stamps = find_impressions(raw)
    if not stamps:
        raise Refused(Code.IMPRESSION_NOT_FOUND)
    return OnLetter(stamps[0].page, len(stamps), crop_impression(raw, stamps[0]))


def lay_beside(agent: Agent, specimen: Specimen, impression: OnLetter) -> Sight:
    """Return the impression beside one registered one, aligned, with what the comparison says. Blocks for about a second.

    Raises: Refused (`compare.no_stamp`), Unavailable, Damaged.
    """
    return see(agent.store.blobs.get(specimen.digest), impression.crop)


def _ordered(agent: Agent, letter: Digest, known: SpecimensKnown) -> Beside:
    if not known.specimens:
        return Beside(letter, (), (), known.lacking)
    with agent.store.blobs.whole(letter).open("rb") as file:
        seals = read_seals(file).seals
    sealed_by = {x5t_of(facts.cms.signer_der) for facts in seals if facts.cms is not None}
    ordered = sorted(known.specimens, key=lambda specimen: specimen.seal not in sealed_by)
    return Beside(letter, tuple(ordered), tuple(one.seal in sealed_by for one in ordered), known.lacking)
