"""How every form looks (set as FORM_RENDERER): label, hint, error, control; and forms that notice others' changes."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting


class MalyRenderer(TemplatesSetting):
    """Renders `{{ form }}` and `{{ field.as_field_group }}` with the templates of templates/forms/."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


Difference = tuple[Any, str]


class VersionedForm(forms.Form):
    """Over a row that somebody else may have saved meanwhile: carries the version that it was filled from.

    It then says what differs, and may be saved again.
    """

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.differences: list[Difference] = []

    def as_typed(self) -> dict[str, Any]:
        """What stands in the form, to be shown again without being judged; files can't be."""
        files = forms.FileField
        return {
            name: self[name].value() for name, field in self.fields.items() if not isinstance(field, files)
        }

    def meet(self, saved: Mapping[str, Any]) -> None:
        """Take note of what the row says now (`saved`, with its version): saving again is meant from here on."""
        data: Any = self.data
        self.data = data.copy()
        self.data["version"] = saved["version"]  # type: ignore[index]
        self.differences = list(self._compare(saved))

    def _compare(self, saved: Mapping[str, Any]) -> Iterable[Difference]:
        """Label and saved value of each field that the form has otherwise."""
        for field in self:
            typed = field.value()
            if isinstance(typed, str):
                typed = typed.replace("\r\n", "\n")
            if (
                field.name in saved
                and field.name != "version"
                and field.field.has_changed(saved[field.name], typed)
            ):
                value = saved[field.name]
                yield field.label, "" if value is None else str(value)
