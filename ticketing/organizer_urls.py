"""Addresses of the organizer's event pages, below /dashboard/events/."""

from django.urls import path

from ticketing.views import check_ins
from ticketing.views.organizer import attendees, cancellation, doors, editor, events, ticket_types

urlpatterns = [
    path("", events.event_list, name="events"),
    path("new/", editor.new_event, name="event-new"),
    path("<slug:slug>/", events.overview, name="event-overview"),
    path("<slug:slug>/edit/", editor.edit, name="event-edit"),
    path("<slug:slug>/publish/", events.publish, name="event-publish"),
    path("<slug:slug>/pause/", events.pause, name="event-pause"),
    path("<slug:slug>/duplicate/", events.duplicate, name="event-duplicate"),
    path("<slug:slug>/cancel/", cancellation.cancel, name="event-cancel"),
    path("<slug:slug>/check-in/", check_ins.check_in_page, name="event-check-in"),
    path("<slug:slug>/doors/", doors.door_links, name="event-doors"),
    path("<slug:slug>/doors/<slug:door>/revoke/", doors.revoke, name="event-door-revoke"),
    path("<slug:slug>/attendees/", attendees.attendee_list, name="attendees"),
    path("<slug:slug>/attendees.csv", attendees.export, name="attendees-export"),
    path("<slug:slug>/tickets/", ticket_types.ticket_type_list, name="ticket-types"),
    path("<slug:slug>/tickets/new/", ticket_types.new_ticket_type, name="ticket-type-new"),
    path("<slug:slug>/tickets/price/", ticket_types.price, name="ticket-type-price"),
    path("<slug:slug>/tickets/<slug:public_id>/", ticket_types.edit_ticket_type, name="ticket-type-edit"),
    path("<slug:slug>/tickets/<slug:public_id>/move/", ticket_types.move, name="ticket-type-move"),
    path("<slug:slug>/tickets/<slug:public_id>/stop/", ticket_types.stop, name="ticket-type-stop"),
    path("<slug:slug>/tickets/<slug:public_id>/remove/", ticket_types.remove, name="ticket-type-remove"),
]
