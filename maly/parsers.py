"""How the API reads its bodies. Apart from maly.api, which DRF's views must be loaded before."""

import json
from typing import Any

from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """JSON whose text the database can store: half a surrogate pair (`"\\ud800"`) is a 400 here, not a 500 there.

    So are a thousand lists within each other.
    """

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False).encode()
        except RecursionError:
            raise ParseError("The body is nested too deeply.") from None
        except UnicodeEncodeError:
            raise ParseError("The body has text that is no valid Unicode.") from None
        return data
