"""Invented citizens for stories: right check digits, areas that do not exist, now and then a rare character."""

import random
from dataclasses import dataclass

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉力健斌波宁福生贵荣海春梅雪松柏"


@dataclass(frozen=True)
class Invented:
    """Somebody who does not exist."""

    name: str
    id18: str


def a_citizen(rng: random.Random, *, rare: str = "") -> Invented:
    """Somebody; `rare` is the last character of the name."""
    name = rng.choice(SURNAMES) + "".join(rng.choice(GIVEN) for _ in range(rng.choice((1, 2)))) + rare
    return Invented(name, a_number(rng))


def a_number(rng: random.Random) -> str:
    """A citizen number with the right check digit (GB 11643)."""
    born = f"{rng.randint(1940, 2010)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    stem = f"999999{born}{rng.randint(0, 999):03}"
    total = sum(int(digit) * (2 ** (17 - place) % 11) for place, digit in enumerate(stem))
    return stem + "10X98765432"[total % 11]
