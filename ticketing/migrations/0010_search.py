"""Finding events by words, typos included, and when their doors open."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import ticketing.models.listings

# Both are trusted extensions of PostgreSQL's own: the owner of a database may add them.
EXTENSIONS = "CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE EXTENSION IF NOT EXISTS unaccent;"
# Whatever separates words is a space, so that the parser makes no addresses, numbers or file names of them.
SPELLING = r"""
CREATE FUNCTION event_spelling(given text) RETURNS text LANGUAGE sql STABLE AS $$
SELECT lower(unaccent(translate(given, '!"#$%&''()*+,-./:;<=>?@[\]^_`{|}~¡¿«»‘’“”„–—…·•、。', repeat(' ', 60))))
$$;
"""
# Each word as it stands and by its stem, any of its endings; little words ("the", "of") count only where nothing else
# is asked for. `among` are the weights to be looked through, such as ABC.
QUESTION = r"""
CREATE FUNCTION event_question(given text, among text) RETURNS tsquery LANGUAGE sql STABLE AS $$
WITH term AS (
    SELECT replace(replace(lexeme, '\', '\\'), '''', '''''') AS word, ts_lexize('english_stem', lexeme) AS stems
    FROM unnest(to_tsvector('simple', event_spelling(given)))
)
SELECT string_agg(
    format('(''%s'':*%s | ''%s'':*%s)', word, among, coalesce(stems[1], word), among), ' & '
)::tsquery
FROM term WHERE cardinality(stems) > 0 OR NOT EXISTS (SELECT FROM term WHERE cardinality(stems) > 0)
$$;
"""
WRITE = """
CREATE FUNCTION event_write_listing(wanted bigint, changed timestamptz) RETURNS void LANGUAGE sql AS $$
INSERT INTO ticketing_eventlisting AS listing (event_id, text, place, words, changed_at)
SELECT event.id, concat_ws(' ', spelled.title, organizer, place), place,
    setweight(to_tsvector('simple', spelled.title) || to_tsvector('english', spelled.title), 'A')
    || setweight(to_tsvector('simple', organizer) || to_tsvector('english', organizer), 'B')
    || setweight(to_tsvector('simple', place) || to_tsvector('english', place), 'C'),
    changed
FROM ticketing_event event
JOIN accounts_organization organization ON organization.id = event.organization_id,
LATERAL (SELECT event_spelling(event.title) AS title, event_spelling(organization.name) AS organizer,
    event_spelling(event.venue_name || ' ' || event.address) AS place) spelled
WHERE event.id = wanted
ON CONFLICT (event_id) DO UPDATE SET text = excluded.text, place = excluded.place, words = excluded.words,
    changed_at = excluded.changed_at
$$;
"""
ON_EVENT = """
CREATE FUNCTION event_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM event_write_listing(NEW.id, statement_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER event_listed_anew AFTER INSERT ON ticketing_event FOR EACH ROW EXECUTE FUNCTION event_follow();
CREATE TRIGGER event_listed_again AFTER UPDATE ON ticketing_event FOR EACH ROW
WHEN ((OLD.title, OLD.slug, OLD.organization_id, OLD.description, OLD.starts_at, OLD.ends_at, OLD.doors_at,
        OLD.timezone, OLD.venue_name, OLD.address, OLD.accessibility, OLD.refund_policy, OLD.cover, OLD.cover_alt,
        OLD.status) IS DISTINCT FROM
    (NEW.title, NEW.slug, NEW.organization_id, NEW.description, NEW.starts_at, NEW.ends_at, NEW.doors_at,
        NEW.timezone, NEW.venue_name, NEW.address, NEW.accessibility, NEW.refund_policy, NEW.cover, NEW.cover_alt,
        NEW.status))
EXECUTE FUNCTION event_follow();
"""
ON_ORGANIZATION = """
CREATE FUNCTION organization_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM event_write_listing(event.id, statement_timestamp()) FROM ticketing_event event
    WHERE event.organization_id = NEW.id ORDER BY event.id;
    RETURN NULL;
END $$;
CREATE TRIGGER organization_renamed AFTER UPDATE OF name ON accounts_organization FOR EACH ROW
WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION organization_follow();
"""
# Events change seldom and are looked for often: no list of what is still to be put into the index.
INDEXES = """
CREATE INDEX event_words ON ticketing_eventlisting USING gin (words) WITH (fastupdate = off);
CREATE INDEX event_trigrams ON ticketing_eventlisting USING gin (text gin_trgm_ops) WITH (fastupdate = off);
SELECT event_write_listing(id, coalesce(published_at, created_at)) FROM ticketing_event;
"""
UNDO = """
DROP TRIGGER organization_renamed ON accounts_organization;
DROP TRIGGER event_listed_again ON ticketing_event;
DROP TRIGGER event_listed_anew ON ticketing_event;
DROP FUNCTION organization_follow, event_follow, event_write_listing, event_question, event_spelling;
DROP INDEX event_words, event_trigrams;
"""


class Migration(migrations.Migration):
    dependencies = [("ticketing", "0009_event_drafts")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="doors_at",
            field=models.DateTimeField(
                blank=True, help_text="When one may come in, if that is said.", null=True
            ),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.CheckConstraint(
                condition=models.Q(("doors_at__lte", models.F("starts_at"))), name="event_doors_before_start"
            ),
        ),
        migrations.CreateModel(
            name="EventListing",
            fields=[
                (
                    "event",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="listing",
                        serialize=False,
                        to="ticketing.event",
                    ),
                ),
                ("text", models.TextField(help_text="Title, organizer and place.")),
                ("place", models.TextField(help_text="Venue and address.")),
                (
                    "words",
                    ticketing.models.listings.SearchVectorField(
                        help_text="Title (A), organizer (B) and place (C)."
                    ),
                ),
                (
                    "changed_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        help_text="When what visitors read of it last changed; prices and stock apart.",
                    ),
                ),
            ],
        ),
        migrations.RemoveIndex(model_name="event", name="event_upcoming"),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(
                condition=models.Q(("status__in", ["published", "paused"])),
                fields=["starts_at", "id"],
                name="event_listed",
            ),
        ),
        migrations.RunSQL(EXTENSIONS, migrations.RunSQL.noop),
        migrations.RunSQL([SPELLING, QUESTION, WRITE, ON_EVENT, ON_ORGANIZATION, INDEXES], UNDO),
    ]
