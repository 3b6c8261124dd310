"""Staff read the overview and the report of revenue in a real browser: in every look, with its chart and without."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from maly.tests.looks import Look, keyboard_problems
from maly.tests.server import Site, sign_in

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
OVERVIEW, REVENUE = "/admin/", "/admin/revenue/"
# How many different colours the chart is drawn in.
COLOURS = """() => {
  const canvas = document.querySelector("#revenue-chart canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Map();
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] === 255) {
      const colour = data.slice(i, i + 3).join();
      seen.set(colour, (seen.get(colour) ?? 0) + 1);
    }
  }
  return [...seen.values()].filter((count) => count > 200).length;
}"""


def test_staff_read_what_was_earned_from_the_overview_to_each_figure(
    open_page: OpenPage, site: Site, event: str, staff: User
) -> None:
    for quantity in (1, 2):
        site.pay(site.check_out(event, quantity))
    site.settle()
    page = open_page()
    sign_in(page, staff.email)
    page.wait_for_url("**/dashboard/**")
    look = Look(page)
    problems = look.over([OVERVIEW, REVENUE, f"{REVENUE}?date_from=2026-01-02&date_to=2026-01-01"])
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(OVERVIEW)
    problems += keyboard_problems(page)
    page.get_by_role("link", name="Daily table").click()
    chart = page.locator("#revenue-chart")
    expect(chart.locator("canvas")).to_be_visible()
    assert page.evaluate(COLOURS) >= 2  # kept, and Stripe's
    box = chart.bounding_box()
    assert box
    last = int(chart.get_attribute("data-bars") or 0)
    page.mouse.move(box["x"] + box["width"] - (box["width"] - 60) / last / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#revenue-said")).to_contain_text("Kept $8.25")
    kept = page.get_by_role("table", name="By day").get_by_role("row", name="Total").get_by_role("cell").last
    expect(kept).to_have_text("$8.25")
    page.get_by_role("link", name="This year").click()
    expect(page.get_by_role("heading", name="By month")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(chart.locator("canvas")).to_have_js_property(
        "clientWidth", chart.evaluate("one => one.clientWidth")
    )
    plain = open_page(javascript=False)
    sign_in(plain, staff.email)
    plain.goto(REVENUE)
    expect(plain.get_by_role("table", name="By day")).to_be_visible()
    expect(plain.locator("#revenue-legend")).to_be_hidden()
    assert problems == []
