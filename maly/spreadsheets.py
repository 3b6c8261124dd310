"""Tables for spreadsheets: CSV, a few rows at a time, in which no text can become a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

# Excel takes a file without it for the local 8-bit code page.
BYTE_ORDER_MARK = "\ufeff"
# A spreadsheet takes a text that begins so for a formula (owasp.org/www-community/attacks/CSV_Injection).
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")


def make_harmless(text: str) -> str:
    """The text, with an apostrophe before it if a spreadsheet would calculate with it."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_BEGINS) else text


def write_rows(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Each row as a line of CSV. What isn't text (a Decimal, a number) is written as it is."""
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for row in rows:
        writer.writerow([make_harmless(cell) if isinstance(cell, str) else cell for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()


def stream_csv(rows: Iterable[Sequence[object]], *, name: str) -> StreamingHttpResponse:
    """A download of the rows, written while it is sent; `name` is the file's, plain ASCII."""
    lines = (text.encode() for part in ([BYTE_ORDER_MARK], write_rows(rows)) for text in part)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer
