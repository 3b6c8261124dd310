"""What is wrong with a page as people meet it: axe, its width, its heading and title, its console, the keyboard."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Page, expect

NARROWEST, NARROW, WIDE = 360, 390, 1280
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RULES = {"runOnly": STANDARDS, "resultTypes": ["violations"]}
AXE = """async (rules) => (await axe.run(document, rules)).violations.flatMap(
  (rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`))"""
INLINE = re.compile(
    r"""<style|\sstyle=["']|\son[a-z]+=["']|<script(?![^>]*\ssrc=)(?![^>]*application/(?:ld\+)?json)|javascript:"""
)
IS_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# Page · Context · Maly
TITLE = re.compile(r"^(Error: )?[^·]+( · [^·]+)+ · Maly$")
# Everything that Tab should reach, in the order of the document; a group of radio buttons is one stop.
STOPS = """() => {
  const groups = new Set();
  const kinds = "a[href], button, input, select, textarea, summary, [tabindex='0']";
  return [...document.querySelectorAll(kinds)].filter((one) => {
    if (one.disabled || one.type === "hidden" || !one.checkVisibility({ checkVisibilityCSS: true })) return false;
    if (one.closest("[inert]") || one.tabIndex < 0) return false;
    if (one.type !== "radio") return true;
    const checked = one.form && one.form.querySelector(`input[name="${one.name}"]:checked`);
    if (checked ? one !== checked : groups.has(one.name)) return false;
    groups.add(one.name);
    return true;
  }).map((one, place) => { one.dataset.stop = place; return one.outerHTML.slice(0, 120); });
}"""
FOCUSED = """() => {
  const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
  const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const around = one.closest("label, .field, .choice, .chip, .stepper, li, tr");
  const ring = outline || style.boxShadow !== "none" || (around && getComputedStyle(around).outlineStyle !== "none");
  const isCovered = (y) => {
    const top = document.elementFromPoint(box.x + box.width / 2, y);
    return top && !one.contains(top) && !top.contains(one) && getComputedStyle(top).position !== "static";
  };
  const heights = [box.top + 2, box.top + box.height / 2, box.bottom - 2].filter((y) => y > 0 && y < innerHeight);
  const covered = heights.length > 0 && heights.every(isCovered);
  return { stop: one.dataset.stop ?? "", ring: Boolean(ring), covered };
}"""


@dataclass
class Look:
    """One window that looks at pages, and what it has heard in the console."""

    page: Page
    heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.heard.append(message.text)

    def over(self, addresses: Iterable[str]) -> list[str]:
        """What is wrong with these pages: wide and light, narrow and dark."""
        return [f"{address} {said}" for address in addresses for said in self._at(address, self.here)]

    def glance(self, addresses: Iterable[str]) -> list[str]:
        """As `over`, for another state of a page that was looked at: narrow and dark alone."""
        return [f"{address} {said}" for address in addresses for said in self._at(address, self.narrow)]

    def _at(self, address: str, look: Callable[[], Iterable[str]]) -> Iterator[str]:
        self.page.set_viewport_size({"width": WIDE, "height": 900})
        self.page.emulate_media(color_scheme="light")
        self.heard.clear()
        answer = self.page.goto(address)
        assert answer
        if not answer.ok:
            yield f"answers {answer.status}"
        if not self.page.url.endswith(address):
            yield f"leads to {self.page.url}"
        yield from (f"has inline {found}" for found in set(INLINE.findall(answer.text())))
        if self.page.evaluate(IS_TOO_WIDE):
            yield "scrolls sideways when wide"
        yield from look()
        yield from (f"says in the console: {text}" for text in self.heard)

    def here(self) -> Iterator[str]:
        """What is wrong with the page that is open."""
        if self.page.locator("h1").count() != 1:
            yield f"has {self.page.locator('h1').count()} h1"
        if not TITLE.match(self.page.title()):
            yield f"is titled {self.page.title()}"
        yield from (f"(wide, light) {found}" for found in self._axe())
        yield from self.narrow()

    def narrow(self) -> Iterator[str]:
        self.page.emulate_media(color_scheme="dark")
        for width in (NARROW, NARROWEST):
            self.page.set_viewport_size({"width": width, "height": 844})
            if self.page.evaluate(IS_TOO_WIDE):
                yield f"scrolls sideways at {width}"
        yield from (f"(narrow, dark) {found}" for found in self._axe())

    def _axe(self) -> list[str]:
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        return list(self.page.evaluate(AXE, RULES))


def keyboard_problems(page: Page) -> Iterator[str]:
    """Tab reaches every control in the order of the page, and shows where it is."""
    expect(page.locator("[data-now=late]")).to_have_count(0)  # what comes later has come
    page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    stops = page.evaluate(STOPS)
    for place, control in enumerate(stops):
        before = page.evaluate(FOCUSED)["stop"] if place else ""
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        while place and now["stop"] == before:  # the day, the month, the year of one field
            page.keyboard.press("Tab")
            now = page.evaluate(FOCUSED)
        if now["stop"] != str(place):
            yield f"Tab goes to stop {now['stop'] or '(none)'} instead of {place}: {control}"
            return
        if not now["ring"]:
            yield f"shows no focus on {control}"
        if now["covered"]:
            yield f"something covers {control}"
