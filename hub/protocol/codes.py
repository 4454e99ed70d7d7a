"""Stable codes of errors and causes. Never renamed; each has a text and a remedy in `texts/*.toml` (a test holds both equal).

Codes like `E405` are those of DOMAIN 4.4, which officers read aloud on the telephone; the dotted ones are for machines.
Keep each section with the file of texts that it names.
"""

from enum import StrEnum


class Code(StrEnum):
    """Why something was refused, could not be decided, or is only pending."""

    # texts/protocol.toml
    DIGEST_FORM = "digest.form"
    STATION_FORM = "station.form"
    CASE_FORM = "case.form"
    TIME_FORM = "time.form"
    JSON_SYNTAX = "json.syntax"
    JSON_ENCODING = "json.encoding"
    JSON_DUPLICATE_KEY = "json.duplicate_key"
    JSON_NUMBER = "json.number"
    JSON_DEPTH = "json.depth"
    JSON_SCHEMA = "json.schema"
    CONFIG_INVALID = "config.invalid"
    NOTHING_CHECKED = "verdict.nothing_checked"

    # texts/signing.toml: envelopes, certificates, keys, seals, containers' signatures
    JWS_TOO_LARGE = "jws.too_large"
    JWS_FORM = "jws.form"
    JWS_BASE64 = "jws.base64"
    JWS_HEADER = "jws.header"
    JWS_CRIT = "jws.crit"
    JWS_ALG = "jws.alg"
    JWS_ALG_KEY_MISMATCH = "jws.alg_key_mismatch"
    JWS_TYP = "jws.typ"
    JWS_UNKNOWN_CERTIFICATE = "jws.unknown_certificate"
    JWS_SIGNATURE = "jws.signature"
    JWS_HIGH_S = "jws.high_s"
    CERT_PURPOSE = "cert.purpose"
    CERT_FORM = "cert.form"
    CERT_CHAIN = "cert.chain"
    CERT_NOT_YET_VALID = "cert.not_yet_valid"
    CERT_EXPIRED = "cert.expired"
    CERT_REVOKED = "cert.revoked"
    CERT_DOUBTED_SINCE = "cert.doubted_since"
    CERT_SUBJECT = "cert.subject"
    CRL_FORM = "crl.form"
    CRL_ORDER = "crl.order"
    CRL_TO_COME = "crl.to_come"
    CSR_FORM = "csr.form"
    KEY_FORM = "key.form"
    KEY_PASSPHRASE = "key.passphrase"
    KEY_MISMATCH = "key.mismatch"
    KEY_UNSUITABLE = "key.unsuitable"
    ENVELOPE_SENDER = "envelope.sender"
    RECEIPT_FORM = "receipt.form"
    ACT_OFFICER = "act.officer"
    ACT_STATION = "act.station"
    ACT_ROLE = "act.role"
    ASSERTION_INVALID = "assertion.invalid"
    ASSERTION_EXPIRED = "assertion.expired"
    ASSERTION_REPEATED = "assertion.repeated"

    # texts/seals.toml: PAdES seals and CAdES signatures
    SEAL_INVALID = "E401"  # 电子签名无效
    SEAL_KEY_NOT_IN_FORCE = "E402"  # 签名密钥在签名时已停用
    STATUS_LIST_TOO_OLD = "W403"  # 印章状态表已超过24小时未更新

    # texts/letters.toml: scans, letters, printing
    SCAN_NOT_RECOGNISED = "E201"
    SCAN_TOO_LARGE = "E202"
    SCAN_DUPLICATE = "E203"
    SCAN_BLANK_OR_DARK = "E204"

    # texts/cases.toml: case types, bodies, states, clocks
    ID_CHECK_DIGIT = "E101"
    ID_BIRTH_DATE = "E102"
    ID_AREA_UNKNOWN = "W103"
    CALENDAR_YEAR_MISSING = "W602"
    CASE_TYPE_UNKNOWN = "case.type_unknown"
    CASE_KIND_NOT_ALLOWED = "case.kind_not_allowed"
    BODY_MISSING = "body.missing"
    BODY_UNKNOWN = "body.unknown"
    BODY_NOT_EXPECTED = "body.not_expected"
    BODY_TYPE = "body.type"
    BODY_VALUE = "body.value"
    BODY_TEXT = "body.text"
    BODY_SIZE = "body.size"
    BODY_FUTURE = "body.future"
    BODY_DUPLICATE = "body.duplicate"
    BODY_ATTACHMENT = "body.attachment"
    BODY_ATTACHMENT_COUNT = "body.attachment_count"
    STATE_UNKNOWN = "state.unknown"
    STATE_EVENT = "state.event"
    STATE_ROLE = "state.role"
    STATE_GUARD = "state.guard"
    APPROVAL_NUMBER_MISSING = "approval.number_missing"
    APPROVAL_OTHER_CASE_TYPE = "approval.other_case_type"
    APPROVAL_ITEM_UNKNOWN = "approval.item_unknown"
    APPROVAL_CHANGE_CODE = "approval.change_code"
    CUSTODIAN_IS_DRAFTER = "letter.custodian_is_drafter"
    LETTER_NUMBER_FORM = "letter.number_form"
    SITE_UNKNOWN = "site.unknown"
    SITE_OUT_OF_SCOPE = "site.out_of_scope"

    # texts/printing.toml: printed letters and reports
    PRINT_GLYPH_MISSING = "print.glyph_missing"
    PRINT_FAILED = "print.failed"

    # texts/trail.toml: the log, proofs, checkpoints

    # texts/evidence.toml: the evidence container

    # texts/exchange.toml: the hub's acceptance, mailboxes, uploads, sign-in of agents
    STORE_MISSING = "store.missing"
    STORE_DAMAGED = "store.damaged"
    STORE_REVISION = "store.revision"
    STORE_UNAVAILABLE = "store.unavailable"
    STORE_FULL = "store.full"
    HUB_BUSY = "hub.busy"
    HUB_STOPPING = "hub.stopping"
    HUB_INTERNAL = "hub.internal"
    HUB_LISTEN = "hub.listen"
    HUB_FOLDER = "hub.folder"
    CRL_MISSING = "hub.crl_missing"
    ENVELOPE_ID_REUSED = "envelope.id_reused"
    ENVELOPE_CREATED_AHEAD = "envelope.created_ahead"
    ENVELOPE_ADDRESSEE = "envelope.addressee"
    ENVELOPE_PREVIOUS = "envelope.previous"
    STATION_UNKNOWN = "station.unknown"
    STATION_SUSPENDED = "station.suspended"
    STATION_KNOWN = "station.known"
    CASE_NUMBER = "case.number"
    CASE_UNKNOWN = "case.unknown"
    CASE_KNOWN = "case.known"
    CASE_PARTIES = "case.parties"
    CASE_OTHER_TYPE = "case.other_type"
    ATTACHMENT_MISSING = "attachment.missing"
    ATTACHMENT_SIZE = "attachment.size"
    HANDOVER_FORM = "handover.form"
    HANDOVER_UNKNOWN = "handover.unknown"
    HANDOVER_REPEATED = "handover.repeated"
    BLOB_UNKNOWN = "blob.unknown"
    BLOB_SIZE = "blob.size"
    BLOB_OFFSET = "blob.offset"
    BLOB_DIGEST = "blob.digest"
    BLOB_RANGE = "blob.range"
    CERTIFICATE_STATION = "certificate.station"
    CERTIFICATE_UNKNOWN = "certificate.unknown"
    TOKEN_REQUEST = "token.request"
    TOKEN_MISSING = "token.missing"
    TOKEN_INVALID = "token.invalid"
    TOKEN_REPLAYED = "token.replayed"
    REQUEST_FORM = "request.form"
    REQUEST_TOO_LARGE = "request.too_large"
    REQUEST_NOT_FOUND = "request.not_found"
    REQUEST_METHOD = "request.method"

    # texts/station.toml: the agent's desk, gate, register, queues
    APPROVAL_MISSING = "E301"
    SEAL_SUSPENDED = "E302"
    DRAFTER_IS_APPROVER = "E303"
    PERSONS_DIFFER = "E404"
    LETTER_ALREADY_USED = "E405"
    LOOK_MISSING = "E406"
    HUB_UNREACHABLE = "E501"
    LATE_NEEDS_REASON = "E801"

    # texts/command_line.toml: wrong use of commands, the demo, the machine
    PASSPHRASE_MISSING = "passphrase.missing"
