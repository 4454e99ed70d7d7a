"""The child's one entry: a task and a file in, an encoded answer out. Also loads what the decoders need beforehand."""

from collections.abc import Callable

import cv2
import msgspec
from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from hub.letters.compare.child import straight_picture, trace
from hub.letters.decoding.assembling import assemble
from hub.letters.decoding.embedding import embed
from hub.letters.decoding.outline import outline
from hub.letters.decoding.pages import compare_pages, look_at_pages
from hub.letters.decoding.pictures import NotAccepted
from hub.letters.decoding.render import render
from hub.letters.tasks import (
    Answer,
    AssembleArguments,
    Failure,
    OutlineArguments,
    PagesArguments,
    PairsArguments,
    Refusal,
    RenderArguments,
    Request,
    StraightenArguments,
    Task,
    TraceArguments,
)

PLUGINS = (JpegImagePlugin, PngImagePlugin, TiffImagePlugin)


def warm_up() -> None:
    """Load, before any fork, what the decoders would load later; keep OpenCV to one thread, which a fork survives."""
    Image.preinit()
    cv2.setNumThreads(1)


def answer_bytes(request: Request, raw: bytes) -> bytes:
    """Do the task and return the encoded answer, refusal or failure; never raises for anything in `raw`."""
    return answered(lambda: do(request.task, request.arguments, raw))


def answered(work: Callable[[], msgspec.Struct]) -> bytes:
    """Return the encoded outcome of `work` on outside bytes: its answer, its refusal, or that it failed."""
    answer: Answer | Refusal | Failure
    try:
        answer = Answer(body=msgspec.Raw(msgspec.msgpack.encode(work())))
    except NotAccepted as refusal:
        answer = Refusal(observation=refusal.observation)
    except Exception as error:  # noqa: BLE001 - decoders of hostile bytes raise anything; all of it is one refusal
        answer = Failure(kind=type(error).__name__[:80])
    return msgspec.msgpack.encode(answer)


def do(task: Task, arguments: bytes, raw: bytes) -> msgspec.Struct:
    """Do the task on `raw`. Raises: NotAccepted, and whatever a decoder raises."""
    if task is Task.OUTLINE:
        wanted = msgspec.msgpack.decode(arguments, type=OutlineArguments)
        return outline(raw, limits=wanted.limits, policy=wanted.policy)
    if task is Task.PAGES:
        pages = msgspec.msgpack.decode(arguments, type=PagesArguments)
        return look_at_pages(raw, limits=pages.limits, count=pages.count, first=pages.first)
    if task is Task.SAME_SHEETS:
        compared = msgspec.msgpack.decode(arguments, type=PairsArguments)
        return compare_pages(raw, limits=compared.limits, count=compared.count, pairs=compared.pairs)
    if task is Task.EMBED:
        embedded = msgspec.msgpack.decode(arguments, type=PagesArguments)
        return embed(raw, limits=embedded.limits, first=embedded.first)
    if task is Task.ASSEMBLE:
        joined = msgspec.msgpack.decode(arguments, type=AssembleArguments)
        return assemble(raw, joined.parts, limits=joined.limits)
    if task is Task.TRACE:
        traced = msgspec.msgpack.decode(arguments, type=TraceArguments)
        return trace(raw, limits=traced.limits)
    if task is Task.STRAIGHTEN:
        placed = msgspec.msgpack.decode(arguments, type=StraightenArguments)
        return straight_picture(raw, placed.affine, limits=placed.limits)
    drawn = msgspec.msgpack.decode(arguments, type=RenderArguments)
    return render(raw, limits=drawn.limits, page=drawn.page, dpi=drawn.dpi, box=drawn.box)
