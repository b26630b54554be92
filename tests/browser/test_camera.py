"""A camera reads a book's number also where the browser reads no bar codes itself (iPhones, Firefox): a film of a bar
code stands in for the camera."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import CHROMIUM, PATIENCE, SWITCHES

ISBN = "9782070360024"
WIDE, HIGH, BAR = 640, 480, 3  # pixels
LEFT = ["0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"]
PARITIES = [
    *("LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG"),
    *("LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"),
]
OTHER_WAY = str.maketrans("01", "10")


def bars(number: str) -> str:
    """EAN-13 as its 95 modules: GS1 General Specifications, 5.2.1."""
    right = [one.translate(OTHER_WAY) for one in LEFT]
    left = [
        LEFT[int(digit)] if kind == "L" else right[int(digit)][::-1]
        for digit, kind in zip(number[1:7], PARITIES[int(number[0])], strict=True)
    ]
    return "".join(["101", *left, "01010", *(right[int(digit)] for digit in number[7:]), "101"])


def film(path: Path, number: str) -> None:
    """What a hand's camera sees: a little turned and not quite sharp, in shades of grey (YUV4MPEG2)."""
    picture = Image.new("L", (WIDE, HIGH), 215)
    draw = ImageDraw.Draw(picture)
    start = (WIDE - 95 * BAR) // 2
    draw.rectangle((start - 12 * BAR, 130, start + 107 * BAR, 350), fill=245)
    for place, module in enumerate(bars(number)):
        if module == "1":
            draw.rectangle((start + place * BAR, 150, start + place * BAR + BAR - 1, 330), fill=30)
    seen = picture.rotate(3, fillcolor=215, resample=Image.Resampling.BILINEAR).filter(ImageFilter.GaussianBlur(0.7))
    frame = b"FRAME\n" + seen.tobytes() + bytes([128]) * (WIDE * HIGH // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDE} H{HIGH} F10:1 Ip A1:1 C420\n".encode() + frame * 5)


@pytest.fixture
def before_a_camera(chromium, site, tmp_path) -> Iterator[BrowserContext]:
    film(tmp_path / "book.y4m", ISBN)
    camera = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    switches = [*SWITCHES, *camera, f"--use-file-for-fake-video-capture={tmp_path / 'book.y4m'}"]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=switches)
    try:
        context = browser.new_context(base_url=site.url, locale="en-CA", viewport={"width": 375, "height": 800})
        context.set_default_timeout(3 * PATIENCE)
        context.add_init_script("delete window.BarcodeDetector")
        context.add_cookies(
            [{"name": name, "value": value, "url": site.url} for name, value in site.clerk.cookies.items()]
        )
        yield context
    finally:
        browser.close()


@pytest.mark.parametrize("path", ["by-hand/", ""])
def test_isbn_is_read_by_a_camera_without_a_detector(path, before_a_camera, site):
    page, wrong, asked = before_a_camera.new_page(), [], []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(site.pages["desk"] + path)
    assert page.evaluate("() => 'BarcodeDetector' in window") is False
    assert not [url for url in asked if "zxing" in url]  # nobody has opened a camera yet
    where = "main" if path else "header"
    with page.expect_request(lambda request: ISBN in request.url + (request.post_data or "")):
        page.locator(f"{where} [data-camera]").first.click()
        expect(page.locator(f"{where} video").first).to_be_visible()
    assert len([url for url in asked if "zxing" in url]) == 1
    assert all(url.startswith((site.url, "blob:")) for url in asked)
    assert wrong == []


def test_where_there_is_no_camera_no_button_offers_one(visit):
    page = visit("desk", language="en")
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
    page.reload()
    expect(page.locator("#scan")).to_be_visible()
    expect(page.locator("[data-camera]")).to_be_hidden()


def test_camera_that_is_refused_says_so(visit):
    page = visit("desk", language="en", who=None)
    page.locator("header [data-camera]").click()
    expect(page.locator("header .camera-said")).to_contain_text("Type the number")
    expect(page.locator("header video")).to_be_hidden()
