"""The drawings of the `icon` tag: 24-unit boxes, stroked in the text's colour, drawn for Maly."""

ICONS = {
    "calendar": '<rect x="3.5" y="5" width="17" height="15.5" rx="2.5"/>'
    '<path d="M3.5 10h17M8 2.8V7M16 2.8V7"/>',
    "card": '<rect x="2.5" y="5" width="19" height="14" rx="2.5"/><path d="M2.5 10h19M6.5 15h4"/>',
    "check": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "chevron": '<path d="m6 9.5 6 6 6-6"/>',
    "clock": '<circle cx="12" cy="12" r="9"/><path d="M12 7v5.2l3.2 2"/>',
    "eye": '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/>'
    '<circle cx="12" cy="12" r="3"/>',
    "info": '<circle cx="12" cy="12" r="9"/><path d="M12 11v5.5M12 7.5v.1"/>',
    "key": '<circle cx="8" cy="15" r="4.5"/><path d="m11.3 11.7 8.2-8.2M16 7l3 3"/>',
    "mail": '<rect x="3" y="5" width="18" height="14" rx="2.5"/><path d="m3.5 7.5 8.5 6 8.5-6"/>',
    "menu": '<path d="M4 7h16M4 12h16M4 17h16"/>',
    "minus": '<path d="M6 12h12"/>',
    "pin": '<path d="M12 21.5s7-6.3 7-11.5a7 7 0 0 0-14 0c0 5.2 7 11.5 7 11.5z"/>'
    '<circle cx="12" cy="10" r="2.5"/>',
    "plus": '<path d="M6 12h12M12 6v12"/>',
    "print": '<path d="M7 8.5V3.5h10v5M7 17H5.5A2.5 2.5 0 0 1 3 14.5v-3.5A2.5 2.5 0 0 1 5.5 8.5h13'
    'A2.5 2.5 0 0 1 21 11v3.5a2.5 2.5 0 0 1-2.5 2.5H17"/><path d="M7 14h10v6.5H7z"/>',
    "search": '<circle cx="11" cy="11" r="7"/><path d="m20 20-4-4"/>',
    "share": '<path d="M12 15V3.5M7.5 8 12 3.5 16.5 8"/>'
    '<path d="M5 12.5V18a2.5 2.5 0 0 0 2.5 2.5h9A2.5 2.5 0 0 0 19 18v-5.5"/>',
    "ticket": '<path d="M3 8.5a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2v1.3a2.3 2.3 0 0 0 0 4.4v1.3a2 2 0 0 1-2 2H5'
    'a2 2 0 0 1-2-2v-1.3a2.3 2.3 0 0 0 0-4.4zM14.5 6.5v2M14.5 11v2M14.5 15.5v2"/>',
    "warning": '<path d="M12 4 2.8 20h18.4z"/><path d="M12 10v4.5M12 17.2v.1"/>',
}
