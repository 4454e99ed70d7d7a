"""The table of addresses. Each declares its rule; a test walks the table and makes the requests that each rule forbids."""

from hub.pages import sign_in, static
from hub.pages.routing import Rule
from hub.signing.purposes import OfficerRole
from station_agent.web.pages import case, impression, inquiry, letter, lists, message, plain, seal_use, verify, viewer
from station_agent.web.rules import Route

_CASE = "/cases/{case}"
_LETTER = f"{_CASE}/letter"
_WRITERS = (OfficerRole.WINDOW, OfficerRole.COMMUNITY)
_FILE = f"{_CASE}/files/{{digest}}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/", Rule.PUBLIC, plain.go_to_desk),
    Route("GET", "/static/{name}", Rule.PUBLIC, static.static_file, by_itself=True),
    Route("GET", "/sign-in", Rule.PUBLIC, sign_in.show_sign_in),
    Route("POST", "/sign-in", Rule.PUBLIC, sign_in.sign_in),
    Route("GET", "/first-use", Rule.PUBLIC, sign_in.show_first_use),
    Route("POST", "/first-use", Rule.PUBLIC, sign_in.begin_first_use),
    Route("POST", "/first-use/finish", Rule.PUBLIC, sign_in.finish_first_use),
    Route("POST", "/language", Rule.PUBLIC, sign_in.choose_language),
    Route("POST", "/sign-out", Rule.SIGNED_IN, sign_in.sign_out),
    Route("GET", "/desk", Rule.SIGNED_IN, lists.show_desk),
    Route("GET", "/desk/cards", Rule.SIGNED_IN, lists.desk_cards, by_itself=True),
    Route("GET", "/inbox", Rule.SIGNED_IN, lists.show_inbox),
    Route("GET", "/inbox/rows", Rule.SIGNED_IN, lists.inbox_rows, by_itself=True),
    Route("GET", "/sent", Rule.SIGNED_IN, lists.show_sent),
    Route("GET", "/sent/rows", Rule.SIGNED_IN, lists.sent_rows, by_itself=True),
    Route("POST", "/drafts", Rule.SIGNED_IN, plain.autosave, keeps_form=True, by_itself=True),
    Route("POST", "/drafts/throw-away", Rule.SIGNED_IN, plain.throw_away),
    Route("GET", "/new", Rule.ROLE, inquiry.choose_type, roles=_WRITERS),
    Route("GET", "/new/{type}", Rule.ROLE, inquiry.show_inquiry, roles=_WRITERS),
    Route("POST", "/new/{type}", Rule.ROLE, inquiry.open_case, roles=_WRITERS, keeps_form=True),
    Route("GET", "/seal-use", Rule.ROLE, seal_use.show_seal_use, roles=seal_use.KEEPERS),
    Route("GET", "/more", Rule.SIGNED_IN, plain.show_more),
    Route("GET", "/search", Rule.SIGNED_IN, search.show_search),
    Route("POST", "/search", Rule.SIGNED_IN, search.search),
    Route("GET", "/authentic", Rule.SIGNED_IN, authentic.show_authentic),
    Route("POST", "/authentic", Rule.SIGNED_IN, authentic.check_whole),
    Route("POST", "/authentic/upload/begin", Rule.SIGNED_IN, authentic.begin_upload, by_itself=True),
    Route("POST", "/authentic/upload/piece", Rule.SIGNED_IN, authentic.take_piece, raw_body=True),
    Route("GET", "/directory", Rule.SIGNED_IN, directory.show_directory),
    Route("GET", "/diagnostics", Rule.SIGNED_IN, diagnostics.show_diagnostics),
    Route("GET", "/diagnostics/package", Rule.SIGNED_IN, diagnostics.export_package),
    Route("GET", "/phrases", Rule.ROLE, phrases.show_phrases, roles=phrases.OFFICERS),
    Route("POST", "/phrases", Rule.ROLE, phrases.keep_phrase, roles=phrases.OFFICERS, keeps_form=True),
    Route("POST", "/phrases/drop", Rule.ROLE, phrases.delete_phrase, roles=phrases.OFFICERS),
    Route("GET", "/tray", Rule.ROLE, tray.show_tray, roles=tray.OFFICERS),
    Route("GET", "/tray/rows", Rule.ROLE, tray.tray_rows, roles=tray.OFFICERS, by_itself=True),
    Route("POST", "/tray/upload", Rule.ROLE, tray.upload_whole, roles=tray.OFFICERS),
    Route("POST", "/tray/upload/begin", Rule.ROLE, tray.begin_upload, roles=tray.OFFICERS, by_itself=True),
    Route("POST", "/tray/upload/piece", Rule.ROLE, tray.take_piece, roles=tray.OFFICERS, raw_body=True),
    Route("POST", "/tray/upload/drop", Rule.ROLE, tray.drop_upload, roles=tray.OFFICERS),
    Route("POST", "/tray/do/{what}", Rule.ROLE, tray.act_on_items, roles=tray.OFFICERS),
    Route("GET", "/tray/{item}", Rule.ROLE, tray.show_item, roles=tray.OFFICERS),
    Route("GET", "/tray/{item}/pages/{page}/{dpi}", Rule.ROLE, tray.item_picture, roles=tray.OFFICERS, by_itself=True),
    Route("POST", "/tray/{item}/attach", Rule.ROLE, tray.attach_item, roles=tray.OFFICERS),
    Route("POST", "/tray/{item}/split", Rule.ROLE, tray.split_item, roles=tray.OFFICERS),
    Route("GET", _CASE, Rule.CASE, case.show_case),
    Route("GET", f"{_CASE}/preview", Rule.CASE, case.show_preview),
    Route("POST", f"{_CASE}/here", Rule.CASE, case.still_here, by_itself=True),
    Route("GET", f"{_FILE}/viewer", Rule.CASE, viewer.show_viewer),
    Route("GET", f"{_FILE}/pages/{{page}}/{{dpi}}", Rule.CASE, viewer.page_picture, by_itself=True),
    Route("GET", f"{_FILE}/download", Rule.CASE, viewer.download),
    Route("GET", f"{_CASE}/do/{{event}}", Rule.CASE, message.show_message),
    Route("POST", f"{_CASE}/do/{{event}}", Rule.CASE, message.send_message, keeps_form=True),
    Route("GET", _LETTER, Rule.CASE, letter.show_letter),
    Route("POST", f"{_LETTER}/take/{{step}}", Rule.CASE, letter.take_step, keeps_form=True),
    Route("GET", f"{_LETTER}/paper", Rule.CASE, letter.paper),
    Route("GET", f"{_LETTER}/paper/{{page}}/{{dpi}}", Rule.CASE, letter.paper_picture, by_itself=True),
    Route("POST", f"{_LETTER}/upload", Rule.CASE, letter.upload_whole),
    Route("POST", f"{_LETTER}/upload/begin", Rule.CASE, letter.begin_upload, by_itself=True),
    Route("POST", f"{_LETTER}/upload/piece", Rule.CASE, letter.take_piece, raw_body=True),
    Route("POST", f"{_LETTER}/upload/drop", Rule.CASE, letter.drop_upload),
    Route("GET", f"{_LETTER}/upload/{{page}}/{{dpi}}", Rule.CASE, letter.upload_picture, by_itself=True),
    Route("GET", f"{_LETTER}/redraft", Rule.CASE, inquiry.show_redraft),
    Route("POST", f"{_LETTER}/redraft", Rule.CASE, inquiry.draft_again, keeps_form=True),
    Route("GET", f"{_CASE}/verify", Rule.CASE, verify.show_verify),
    Route("POST", f"{_CASE}/verify", Rule.CASE, verify.verify_now),
    Route("GET", f"{_CASE}/impression", Rule.CASE, impression.show_impression),
    Route("GET", f"{_CASE}/impression/part", Rule.CASE, impression.impression_part),
    Route(
        "GET", f"{_CASE}/impression/{{specimen}}/{{picture}}", Rule.CASE, impression.impression_picture, by_itself=True
    ),
    Route("POST", f"{_CASE}/verify/look", Rule.CASE, verify.record_look),
    Route("POST", f"{_CASE}/verify/act", Rule.CASE, verify.act_on_register),
    Route("GET", f"{_CASE}/evidence/{{version}}", Rule.CASE, verify.evidence_file),
)
