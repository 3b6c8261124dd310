"""How every form looks: label, hint, error, control, in that order. Set as FORM_RENDERER."""

from django.forms.renderers import TemplatesSetting


class MalyRenderer(TemplatesSetting):
    """Renders `{{ form }}` and `{{ field.as_field_group }}` with the templates of templates/forms/."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
