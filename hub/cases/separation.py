"""Who may not be the same person on one letter: drafter and approver, drafter and custodian (DOMAIN 3, roles)."""

from hub.protocol.codes import Code
from hub.protocol.errors import Refused


def require_separate_persons(*, drafter: str, approver: str, custodian: str | None = None) -> None:
    """Let pass only a letter whose drafter neither approves it nor affixes the seal.

    Arguments are officers' numbers; `custodian` None: the seal was not used yet. At a station with one officer the head
    of a paired station approves. Raises: Refused (E303, `letter.custodian_is_drafter`).
    """
    if drafter == approver:
        raise Refused(Code.DRAFTER_IS_APPROVER)
    if custodian is not None and drafter == custodian:
        raise Refused(Code.CUSTODIAN_IS_DRAFTER)
