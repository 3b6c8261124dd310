"""Money, times, codes and fields as templates write them."""

from datetime import UTC, datetime

import pytest
from django import forms
from django.template import Context, Template

MOMENT = datetime(2026, 12, 12, 19, 30, tzinfo=UTC)


def render(template: str, **context: object) -> str:
    return Template(template).render(Context(context))


def test_money_is_written_with_its_currency() -> None:
    assert render('{{ 5458|money:"usd" }}') == "$54.58"
    assert render("{{ amount|money:currency }}", amount=-2783, currency="usd") == "−$27.83"
    assert render('{{ 1015|money:"jpy" }}') == "¥1,015"


def test_money_without_a_currency_is_an_error() -> None:
    with pytest.raises(ValueError, match="currency"):
        render("{{ 5458|money:currency }}", currency="")


def test_times_are_in_the_events_zone() -> None:
    assert render('{{ at|event_time:"Europe/London" }}', at=MOMENT) == "Sat 12 Dec 2026, 7:30 pm GMT"
    assert render('{{ at|event_time:"America/New_York" }}', at=MOMENT) == "Sat 12 Dec 2026, 2:30 pm EST"
    assert render('{{ at|event_date:"Pacific/Auckland" }}', at=MOMENT) == "Sun 13 Dec 2026"
    assert render('{{ at|event_hour:"Asia/Kolkata" }}', at=MOMENT) == "1:00 am"
    assert render('{{ at|event_time:"America/Sao_Paulo" }}', at=MOMENT).endswith("4:30 pm UTC-03")


def test_a_time_without_a_zone_is_an_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        render("{{ at|event_time:zone }}", at=MOMENT, zone="")


def test_a_tickets_code_is_read_in_two_groups() -> None:
    assert render('{{ "7K4Q9XZ2MB"|ticket_code }}') == "7K4Q9-XZ2MB"


def test_a_data_block_cannot_be_ended_from_within() -> None:
    assert "</script>" not in render("{{ data|json_data }}", data={"name": "</script><script>"})


def test_icons_are_skipped_by_screen_readers() -> None:
    assert 'aria-hidden="true"' in render('{% icon "check" %}')
    with pytest.raises(KeyError):
        render('{% icon "no-such-icon" %}')


class Questions(forms.Form):
    email = forms.EmailField(label="Email", help_text="We send your tickets here.")
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"class": "tall"}))
    agreed = forms.BooleanField(label="I agree")
    who = forms.ChoiceField(
        label="Who pays", choices=[("a", "Buyer"), ("b", "You")], widget=forms.RadioSelect
    )


def test_a_field_is_label_hint_error_control_in_this_order() -> None:
    page = str(Questions({"email": "ada@", "note": "", "who": "x"})["email"].as_field_group())
    order = [page.index(text) for text in ("<label", "We send your tickets here.", "Error:", "<input")]
    assert order == sorted(order)
    assert 'aria-describedby="id_email_helptext id_email_error"' in page
    assert 'id="id_email_helptext"' in page
    assert 'id="id_email_error"' in page
    assert 'aria-invalid="true"' in page


def test_optional_fields_say_so_and_keep_their_own_classes() -> None:
    form = Questions()
    assert "(optional)" in str(form["note"].as_field_group())
    assert 'class="input tall"' in str(form["note"].as_field_group())
    assert "(optional)" not in str(form["email"].as_field_group())


def test_choices_are_a_fieldset_and_a_checkbox_stands_before_its_words() -> None:
    form = Questions()
    radio = str(form["who"].as_field_group())
    assert radio.count('class="choice"') == 2
    assert "<legend>Who pays" in radio
    box = str(form["agreed"].as_field_group())
    assert box.index("<input") < box.index("I agree")
