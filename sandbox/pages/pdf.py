"""A PDF of one page of plain text: the smallest that every reader opens."""

import textwrap

TOP, LEFT, LEADING, SIZE, WIDTH = 780, 56, 18, 11, 84


def make_pdf(lines: list[str]) -> bytes:
    """Return lines of text as a PDF; characters that its font lacks become plain ones."""
    shown = [part for line in lines for part in textwrap.wrap(line, WIDTH) or [""]]
    text = "\n".join(f"({_escaped(line)}) Tj T*" for line in shown)
    stream = f"BT /F1 {SIZE} Tf {LEADING} TL {LEFT} {TOP} Td\n{text}\nET".encode("cp1252", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    return _assembled(objects)


def _escaped(line: str) -> str:
    plain = line.replace("\N{MINUS SIGN}", "-")
    return plain.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _assembled(objects: list[bytes]) -> bytes:
    """Return the file: its objects, the table of where they begin, and the way to the first."""
    body, places = b"%PDF-1.4\n", []
    for number, obj in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, obj)
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n%s" % (size, table)
        + (b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body)))
    )
