"""The hub's story over HTTP: upload, submit, fetch, hand over."""

import base64
import json
from pathlib import Path

from hub.protocol.identifiers import digest_of
from hub.protocol.receipt import Event
from hub.signing.certificates import known, read_certificate
from hub.signing.receipts import open_receipt
from tests.exchange.builders import PROOF, A, B, a_handover, an_envelope, signed
from tests.web.builders import a_served_hub


async def test_an_envelope_is_receipted_delivered_and_handed_over(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a, b = await hub.client(A), await hub.client(B)
        await a.upload(PROOF)
        inquiry = an_envelope()
        raw, receipt_raw = await a.send(inquiry)

        async with hub.session.get(f"{hub.url}/v1/certificates/{_x5t_of(receipt_raw)}") as response:
            hub_certificate = await response.read()
        source = known([read_certificate(hub_certificate)])
        receipt = open_receipt(receipt_raw, certificates=source).receipt
        assert receipt.events == (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_CONSIGNMENT)
        assert receipt.envelope == digest_of(raw)

        page = await b.mailbox()
        assert [item["envelope"] for item in page["items"]] == [raw.decode()]
        assert page["items"][0]["receipts"] == [receipt_raw.decode()]
        async with b.call("GET", f"/v1/blobs/{digest_of(PROOF)}") as response:
            assert await response.read() == PROOF

        handover_raw, handover_receipt = await b.send(a_handover(inquiry, digest_of(raw)))
        handed = open_receipt(handover_receipt, certificates=source).receipt
        assert handed.events == (Event.SUBMISSION_ACCEPTANCE, Event.CONTENT_HANDOVER)
        assert (handed.envelope, handed.handover) == (digest_of(raw), digest_of(handover_raw))
        assert [item["envelope"] for item in (await a.mailbox())["items"]] == [handover_raw.decode()]


async def test_the_same_bytes_again_get_the_same_receipt(tmp_path: Path) -> None:
    async with a_served_hub(tmp_path) as hub:
        a = await hub.client(A)
        await a.upload(PROOF)
        raw = signed(hub.province, an_envelope())
        assert (first := await a.submit(raw))[0] == 201
        assert await a.submit(raw) == (200, first[1])


def _x5t_of(receipt: bytes) -> str:
    header = json.loads(base64.urlsafe_b64decode(receipt.split(b".")[0] + b"=="))
    return str(header["x5t#S256"])
