"""Every route of the hub in one table: what it takes, what it answers. The router and the OpenAPI document read it."""

from dataclasses import dataclass

import msgspec
from aiohttp import web

from hub.protocol.case_acts import CaseActs
from hub.protocol.enrolment import Enrolment
from hub.protocol.erasure import Erasures
from hub.protocol.exchange import Alarms, Directory, MailboxPage, Readiness, Token, TrailGrowth, UploadState
from hub.protocol.media_types import EVENT_STREAM, JOSE, JSON, PEM, PKIX_CRL
from hub.protocol.reveals import Reveals
from hub.protocol.station_event import LoggedEvents
from hub.protocol.trail_keys import TrailKeysList
from hub.protocol.witness import LeafProofs, Witnessed
from hub.web import (
    blob_routes,
    case_act_routes,
    enrolment_routes,
    erasure_routes,
    exchange_routes,
    reveal_routes,
    seal_routes,
    service_routes,
    trail_routes,
)
from hub.web.blob_routes import OCTETS
from hub.web.problems import Handler, answering_problems, not_found, wrong_method

ELSEWHERE = "/{rest:.*}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: its meaning, media type and, for JSON, its struct."""

    meaning: str
    media_type: str | None = None
    struct: type[msgspec.Struct] | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A query or header parameter."""

    name: str
    place: str
    meaning: str
    required: bool = False
    integer: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one address. `signed_in`: needs a bearer token. `takes`: the request body's media type.

    `errors` are the statuses of problems besides 401 and 429 (signed in), 408 (with a body), 400 and 503, which every route can
    answer.
    """

    method: str
    path: str
    handler: Handler
    name: str
    summary: str
    answers: dict[int, Answer]
    signed_in: bool = True
    takes: str | None = None
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()


FORM = "application/x-www-form-urlencoded"
_UPLOAD = {200: Answer("how far the upload is", JSON, UploadState)}
_LENGTH = Parameter("Upload-Length", "header", "size of the whole blob in bytes", required=True)
_OFFSET = Parameter("Upload-Offset", "header", "where these bytes begin", required=True)
_RANGE = Parameter("Range", "header", "one range of bytes (RFC 9110, 14)", integer=False)
_AFTER = Parameter("after", "query", "the last cursor that was fetched")
_BEHIND = Parameter("after", "query", "leaf of the last notice, or number of the last look, that was taken")
_LIMIT = Parameter("limit", "query", "most deliveries in one page")
_SINCE = Parameter("since", "query", "size of the tree that was seen last")
_OLD = Parameter("old", "query", "size of the tree that the witness has cosigned last")
_LEAF = Parameter("leaf", "query", "index of a leaf; may be repeated")
_LAST = Parameter("Last-Event-ID", "header", "the last cursor that was seen")

ROUTES = (
    Route(
        "POST",
        "/v1/token",
        exchange_routes.post_token,
        "token",
        "Sign in with a private_key_jwt (RFC 7523); the audience is the hub's public address.",
        {200: Answer("a short-lived bearer token", JSON, Token)},
        signed_in=False,
        takes=FORM,
        errors=(401, 403, 413, 422),
    ),
    Route(
        "POST",
        "/v1/envelopes",
        exchange_routes.post_envelope,
        "submit_envelope",
        "Submit a signed envelope (compact JWS). The answer is the hub's signed receipt, durable before it is sent.",
        {201: Answer("receipt", JOSE), 200: Answer("the receipt given before, for the same bytes", JOSE)},
        takes=JOSE,
        errors=(403, 409, 413, 422),
    ),
    Route(
        "GET",
        "/v1/mailbox",
        exchange_routes.get_mailbox,
        "mailbox",
        "Deliveries for the calling station, oldest first.",
        {200: Answer("deliveries", JSON, MailboxPage)},
        parameters=(_AFTER, _LIMIT),
    ),
    Route(
        "GET",
        "/v1/mailbox/sent",
        exchange_routes.get_sent,
        "sent",
        "What the calling station has sent, oldest first, with the receipts: for an agent restored from a backup.",
        {200: Answer("envelopes and receipts", JSON, MailboxPage)},
        parameters=(_AFTER, _LIMIT),
    ),
    Route(
        "GET",
        "/v1/trail/growth",
        exchange_routes.get_growth,
        "trail_growth",
        "The trail's newest checkpoint, the proof that it begins with the tree of the size given, and declared restores.",
        {200: Answer("checkpoint, proof, statements", JSON, TrailGrowth)},
        parameters=(_SINCE,),
    ),
    Route(
        "GET",
        "/checkpoint",
        trail_routes.get_checkpoint,
        "checkpoint",
        "The trail's newest checkpoint (C2SP tlog-checkpoint), a signed note.",
        {200: Answer("signed note", "text/plain")},
        signed_in=False,
    ),
    Route(
        "GET",
        "/tile/{tile}",
        trail_routes.get_tile,
        "tile",
        "A hash tile `L/N[.p/W]` or entry bundle `entries/N[.p/W]` of the trail (C2SP tlog-tiles); never changes.",
        {200: Answer("hashes, or entries each behind its length", OCTETS)},
        signed_in=False,
        errors=(404, 422),
    ),
    Route(
        "GET",
        "/v1/trail/keys",
        trail_routes.get_trail_keys,
        "trail_keys",
        "Statements of the trail's keys, witnesses and quorum, signed by the root.",
        {200: Answer("statements, oldest first", JSON, TrailKeysList)},
        signed_in=False,
    ),
    Route(
        "GET",
        "/v1/trail/witnesses",
        trail_routes.get_witnesses,
        "witnesses",
        "How far the trail is cosigned, and by which stations.",
        {200: Answer("standing of the witnesses", JSON, Witnessed)},
    ),
    Route(
        "POST",
        "/v1/trail/witnesses",
        trail_routes.post_witness,
        "introduce_witness",
        "Register the witness key of the calling station (JWS by its agent).",
        {201: Answer("registered"), 204: Answer("was registered before")},
        takes=JOSE,
        errors=(403, 413, 422),
    ),
    Route(
        "GET",
        "/v1/trail/offer",
        trail_routes.get_offer,
        "offer",
        "What the calling station is asked to cosign: an add-checkpoint request (C2SP tlog-witness).",
        {200: Answer("old size, proof, checkpoint", "text/plain"), 204: Answer("nothing new")},
        parameters=(_OLD,),
    ),
    Route(
        "POST",
        "/v1/trail/cosignatures",
        trail_routes.post_cosignature,
        "cosign",
        "Hand in a cosignature: the signed checkpoint with the caller's line under it.",
        {204: Answer("filed")},
        takes="text/plain",
        errors=(403, 413, 422),
    ),
    Route(
        "POST",
        "/v1/trail/events",
        trail_routes.post_events,
        "log_events",
        "Log what happened at the calling station (signed events); the answer says where each stands in the trail.",
        {200: Answer("positions, in the order asked", JSON, LoggedEvents)},
        takes=JSON,
        errors=(403, 413, 422),
    ),
    Route(
        "GET",
        "/v1/trail/proofs",
        trail_routes.get_proofs,
        "proofs",
        "Inclusion proofs of leaves against one cosigned checkpoint; leaves that it does not cover yet are left out.",
        {200: Answer("checkpoint and proofs", JSON, LeafProofs)},
        parameters=(_LEAF,),
    ),
    Route(
        "GET",
        "/v1/events",
        exchange_routes.get_events,
        "events",
        "Event stream: `mailbox`, whose id is the newest cursor.",
        {200: Answer("event stream", EVENT_STREAM)},
        parameters=(_LAST,),
    ),
    Route(
        "POST",
        "/v1/blobs/{digest}",
        blob_routes.post_blob,
        "begin_upload",
        "Create an upload, or go on with it.",
        _UPLOAD,
        parameters=(_LENGTH,),
        errors=(422,),
    ),
    Route(
        "PATCH",
        "/v1/blobs/{digest}",
        blob_routes.patch_blob,
        "continue_upload",
        "Add bytes to an upload; after the last one the answer comes when the blob is durable.",
        _UPLOAD,
        takes=OCTETS,
        parameters=(_OFFSET,),
        errors=(404, 409, 422),
    ),
    Route(
        "HEAD",
        "/v1/blobs/{digest}",
        blob_routes.get_blob,
        "upload_state",
        "How far an upload is: Upload-Offset, Upload-Length, Upload-Complete.",
        {200: Answer("in the headers")},
        errors=(404, 422),
    ),
    Route(
        "GET",
        "/v1/blobs/{digest}",
        blob_routes.get_blob,
        "read_blob",
        "Read a blob that a case of the calling station names.",
        {200: Answer("the bytes", OCTETS), 206: Answer("the range asked for", OCTETS)},
        parameters=(_RANGE,),
        errors=(404, 416, 422),
    ),
    Route(
        "GET",
        "/v1/certificates/{x5t}",
        exchange_routes.get_certificate,
        "certificate",
        "A registered certificate by its x5t#S256.",
        {200: Answer("PEM", PEM)},
        signed_in=False,
        errors=(404,),
    ),
    Route(
        "POST",
        "/v1/certificates",
        exchange_routes.post_certificate,
        "register_certificate",
        "Register a certificate of the calling station.",
        {201: Answer("registered"), 204: Answer("was registered before")},
        takes=PEM,
        errors=(403, 413, 422),
    ),
    Route(
        "GET",
        "/v1/crl",
        exchange_routes.get_crl,
        "crl",
        "The revocation list in force, DER.",
        {200: Answer("revocation list", PKIX_CRL)},
        signed_in=False,
        errors=(404,),
    ),
    Route(
        "GET",
        "/v1/seals",
        seal_routes.get_seals,
        "seals",
        "The signed list of seals and their states (compact JWS), numbered and dated.",
        {200: Answer("seal status list", JOSE)},
    ),
    Route(
        "GET",
        "/v1/specimens/{station}",
        seal_routes.get_specimens,
        "specimens",
        "The impressions registered with the seals of a station that shares a case with the caller: a signed statement with the "
        "digests of their files (compact JWS).",
        {200: Answer("statement of impressions", JOSE)},
        errors=(404,),
    ),
    Route(
        "GET",
        "/v1/specimens/{station}/{digest}",
        seal_routes.get_specimen,
        "specimen",
        "The file of one registered impression, as it was registered.",
        {200: Answer("the file's bytes", OCTETS)},
        errors=(404,),
    ),
    Route(
        "POST",
        "/v1/statements",
        seal_routes.post_statement,
        "submit_statement",
        "Hand in a signed statement of the calling station: its head's suspension of a seal, an alarm, an act about its people.",
        {201: Answer("kept"), 204: Answer("was kept before")},
        takes=JOSE,
        errors=(403, 413, 422),
    ),
    Route(
        "GET",
        "/v1/alarms",
        seal_routes.get_alarms,
        "alarms",
        "Signed alarms that the calling station raised or that are about letters it has sent.",
        {200: Answer("alarms", JSON, Alarms)},
    ),
    Route(
        "GET",
        "/v1/erasures",
        erasure_routes.get_erasures,
        "erasures",
        "Notices that cases of the calling station were erased, each with two administrators' signatures, by their leaves.",
        {200: Answer("notices", JSON, Erasures)},
        parameters=(_BEHIND,),
    ),
    Route(
        "GET",
        "/v1/reveals",
        reveal_routes.get_reveals,
        "reveals",
        "Looks at cases of the calling station in full, each signed by the administrator or auditor who looked.",
        {200: Answer("looks", JSON, Reveals)},
        parameters=(_BEHIND,),
    ),
    Route(
        "GET",
        "/v1/case-acts",
        case_act_routes.get_case_acts,
        "caseActs",
        "What administrators urged (督办) and extended (延期) of the calling station's cases, each signed by the administrator.",
        {200: Answer("acts", JSON, CaseActs)},
        parameters=(_BEHIND,),
    ),
    Route(
        "GET",
        "/v1/directory",
        exchange_routes.get_directory,
        "directory",
        "All stations.",
        {200: Answer("stations", JSON, Directory)},
    ),
    Route(
        "GET",
        "/v1/enrolment",
        enrolment_routes.get_enrolment,
        "enrolment",
        "Which hub this is, for a station that joins: roots to be confirmed by their fingerprints, a statement by the hub.",
        {200: Answer("roots, the hub's certificate, its signed statement", JSON, Enrolment)},
        signed_in=False,
    ),
    Route(
        "GET",
        "/v1/openapi.json",
        service_routes.get_openapi,
        "openapi",
        "This document.",
        {200: Answer("OpenAPI 3.1", JSON)},
        signed_in=False,
    ),
    Route(
        "GET",
        "/healthz",
        service_routes.get_health,
        "health",
        "Whether the process answers.",
        {200: Answer("it does", "text/plain")},
        signed_in=False,
    ),
    Route(
        "GET",
        "/readyz",
        service_routes.get_ready,
        "ready",
        "Whether envelopes are taken, and every reason why not.",
        {200: Answer("they are", JSON, Readiness), 503: Answer("they are not, for these reasons", JSON, Readiness)},
        signed_in=False,
    ),
)


def add_routes(app: web.Application) -> None:
    """Add every route to `app`; what else is asked for gets a problem, too."""
    for route in ROUTES:
        app.router.add_route(route.method, _pattern(route.path), answering_problems(route.handler))
    for path in dict.fromkeys(route.path for route in ROUTES):
        app.router.add_route("*", _pattern(path), answering_problems(wrong_method))
    app.router.add_route("*", ELSEWHERE, answering_problems(not_found))


def _pattern(path: str) -> str:
    """Return a path as the router wants it: a tile's name has slashes in it."""
    return path.replace("{tile}", "{tile:.+}")
