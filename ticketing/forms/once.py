"""A form that makes something: clicked twice, or sent again by an impatient browser, it makes it once."""

import hashlib
import json
from typing import Any

from django import forms

from maly.codes import make_code


def make_form_key(token: str, content: Any) -> str:
    """One name for one wish: the form's own token and what was typed; empty for a form without a token.

    Something else typed into the same page, after going back to it, is another wish.
    """
    if not token:
        return ""
    return hashlib.sha256(json.dumps([token, content], sort_keys=True, default=str).encode()).hexdigest()


def make_token() -> str:
    return make_code(20)


class OnceForm(forms.Form):
    """Carries a token from the page that was filled in."""

    once = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput, initial=make_token)

    def draft_key(self, saved_fields: dict[str, Any]) -> str:
        """What the service is to know this wish by, given what it is to save."""
        return make_form_key(self.cleaned_data["once"], saved_fields)
