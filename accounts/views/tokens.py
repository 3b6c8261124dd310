"""A person's API tokens."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import TokenForm
from accounts.selectors import tokens_of
from accounts.services.tokens import create_token, revoke_token
from accounts.views.team import posted_id


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The tokens in use, and a form for another. The answer to that form is the only page that ever shows the key."""
    form, key = TokenForm(request.POST or None), ""
    if form.is_valid():
        _token, key = create_token(request.user, name=form.cleaned_data["name"])
        form = TokenForm()
    return render(
        request, "accounts/tokens.html", {"form": form, "key": key, "tokens": tokens_of(request.user)}
    )


@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """End one of one's own tokens."""
    token = revoke_token(request.user, token_id=posted_id(request, "token"))
    messages.success(request, _("“%(name)s” no longer works.") % {"name": token.name})
    return redirect("accounts:tokens")
