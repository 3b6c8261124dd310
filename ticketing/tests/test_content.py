"""What organizers upload and write: Markdown and cover photos, hostile ones among them."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from maly.errors import Invalid
from ticketing.markdown import render_markdown
from ticketing.services.cover_images import prepare_cover
from ticketing.services.events import set_cover


def test_markdown_becomes_html_below_the_pages_own_headings():
    html = render_markdown("# One\n## Two\n\n- a\n- b\n\n[site](https://example.com) and **bold**")
    assert "<h3>One</h3>" in html
    assert "<h4>Two</h4>" in html
    assert "<li>a</li>" in html
    assert '<a href="https://example.com" rel="nofollow noopener noreferrer">site</a>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](javascript:alert(1))",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:x)",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg onload=alert(1)>",
        "<iframe src=https://evil.example></iframe>",
        '[x](https://e.example "\\" onmouseover=alert(1)")',
        "<style>*{display:none}</style>",
        "&lt;script&gt;",
        "[a]: javascript:alert(1)\n\n[a]",
    ],
)
def test_nothing_that_runs_comes_out(text):
    html = render_markdown(text).lower()
    for bad in (
        "<script",
        "<img",
        "<svg",
        "<iframe",
        "<style",
        'href="javascript',
        'href="data',
        'href="vbscript',
    ):
        assert bad not in html
    assert " onmouseover=" not in html.replace("&quot; onmouseover=", "")


def picture(size=(3000, 2000), kind="JPEG", mode="RGB", **options):
    image = io.BytesIO()
    Image.new(mode, size, 120).save(image, format=kind, **options)
    return SimpleUploadedFile(f"../../photo.{kind.lower()}", image.getvalue())


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("WEBP", "RGB"), ("JPEG", "L")]
)
def test_a_photo_is_drawn_anew_at_one_size_under_a_random_name(kind, mode):
    upload = picture(kind=kind, mode=mode)
    cover = prepare_cover(upload)
    drawn = Image.open(cover)
    assert (drawn.size, drawn.format) == ((1600, 800), "JPEG")
    assert cover.name != prepare_cover(upload).name
    assert "/" not in cover.name


def test_exif_is_gone():
    exif = Image.Exif()
    exif[0x010F] = "Camera of Ada"
    upload = picture(exif=exif.tobytes())
    assert b"Camera of Ada" in upload.read()
    cover = prepare_cover(upload)
    assert not Image.open(cover).getexif()
    assert b"Camera" not in cover.open().read()


def test_a_turned_photo_stands_upright():
    image = Image.new("RGB", (400, 400), "white")
    image.paste("black", (0, 0, 400, 200))  # the top is black
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    data = io.BytesIO()
    image.save(data, format="JPEG", exif=exif.tobytes())
    drawn = Image.open(prepare_cover(SimpleUploadedFile("x.jpg", data.getvalue())))
    assert sum(drawn.getpixel((800, 20))) > 600
    assert sum(drawn.getpixel((800, 780))) < 200


def test_a_photo_whose_description_is_broken_is_a_photo_still():
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "turned"
    photo = picture(exif=exif.tobytes()).read()
    broken = photo.replace(b"\x01\x0e\x00\x02", b"\x01\x00\x00\x02")  # the text is the width
    assert broken != photo
    drawn = Image.open(prepare_cover(SimpleUploadedFile("x.jpg", broken)))
    assert drawn.size == (1600, 800)


HOSTILE = {
    "empty": b"",
    "text": b"hello",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "gif": b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "html": b"<html></html>",
    "cut": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "pdf": b"%PDF-1.7",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_photo_is_refused(kind):
    with pytest.raises(Invalid):
        prepare_cover(SimpleUploadedFile("x.png", HOSTILE[kind]))


def test_too_many_bytes_and_too_many_pixels_are_refused():
    with pytest.raises(Invalid, match="10 MB"):
        prepare_cover(SimpleUploadedFile("x.jpg", b"x" * (10 * 1024 * 1024 + 1)))
    with pytest.raises(Invalid):
        prepare_cover(picture(size=(9000, 9000), kind="PNG", mode="1"))


def test_a_half_photo_is_refused():
    whole = picture().read()
    with pytest.raises(Invalid):
        prepare_cover(SimpleUploadedFile("x.jpg", whole[: len(whole) // 2]))


@pytest.mark.django_db
def test_a_cover_is_set_and_taken_off(event, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    event = set_cover(event, picture(), alt="A harbour at night")
    assert event.cover.name.startswith("covers/")
    assert event.cover_alt == "A harbour at night"
    assert not set_cover(event, None).cover
