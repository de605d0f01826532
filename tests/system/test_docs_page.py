"""/docs shows every route in a browser, with and without a script, light and dark, on a phone, and asks for nothing but itself."""
import re

from browser import Browser
from lab import Lab
import openapi_check


def check_source(source, described):
    """Everything of the description is in the page, and every link of it leads somewhere."""
    text = re.sub(r"<[^>]*>", "", source)
    for path, method, operation, _ in described.operations():
        assert f'id="{operation["operationId"]}"' in source and f"{method.upper()} {path}" in text, (method, path)
    for name in described.document["components"]["schemas"]:
        assert f'id="schema-{name}"' in source, name
    ids = re.findall(r' id="([^"]*)"', source)
    assert len(ids) == len(set(ids)), "an id stands twice"
    for target in re.findall(r'href="#([^"]*)"', source):
        assert target in ids, f"#{target} leads nowhere"
    for address in re.findall(r'(?:src|href|action)="([^"#]+)"', source):
        assert address in ("/openapi.json", "data:,"), f"the page names {address}"


def check_looks(page, dark, width):
    """The style is in force: the policy lets it through."""
    assert page.value("getComputedStyle(document.body).backgroundColor") == ("rgb(20, 24, 31)" if dark else "rgb(255, 255, 255)")
    assert page.value("document.documentElement.scrollWidth") <= width, "the page is wider than its window"
    columns = page.value("getComputedStyle(document.body).display")
    assert columns == ("grid" if width >= 960 else "block"), columns


def check_filter(page):
    shown = "[...document.querySelectorAll('nav li')].filter(each => each.offsetParent !== null).map(each => each.textContent)"
    page.value("(() => { const field = document.querySelector('nav input'); field.value = 'launch';"
               " field.dispatchEvent(new Event('input')); })()")
    assert page.value(shown) == ["POST /v1/notifications/{id}:launch"], page.value(shown)


def main():
    with Lab() as lab, Browser() as browser:
        node = lab.node().start()
        described = openapi_check.description_of(node)
        status, source, headers = node.call("GET", "/docs")
        assert status == 200 and headers["Content-Type"].startswith("text/html"), headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "*" not in policy, policy
        check_source(source, described)
        address = f"http://127.0.0.1:{node.port}/docs"
        for looks in ({}, {"scripts": False}, {"dark": True}, {"width": 390}):
            page = browser.open(address, **looks)
            check_source(page.source(), described)
            check_looks(page, looks.get("dark", False), looks.get("width", 1200))
            assert [each for each in page.asked if not each.startswith("data:")] == [address], page.asked
            assert not page.complaints, page.complaints
            if not looks:
                check_filter(page)
            page.close()
        assert node.stop() == 0


if __name__ == "__main__":
    main()
