"""What is refused before a page is made: each is a request that a hostile page, person or program could make."""

from __future__ import annotations

import pytest

from gitreg.web import security
from tests.web.conftest import ORIGIN, Browser, said

PAGES = ["/", "/index.json", "/models/iris/", "/models/iris/1", "/models/iris/compare", "/history/", "/on", "/problems", "/change/promote?model=iris&number=3", "/nowhere"]


def holder(registry):
    return registry.snapshot().stages("iris").pointer("production").number


# -- the token and the cookie ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_who_did_not_come_by_the_first_address_sees_nothing(iris, path):
    with Browser(iris) as stranger:
        page = stranger.get(path)

    assert page.status_code == 403
    assert "open the address that gitreg ui printed" in page.text
    assert "iris" not in page.text


def test_the_token_becomes_a_cookie_and_leaves_the_address(iris):
    with Browser(iris) as person:
        page = person.get(f"/models/iris/compare?v=1&token={person.sessions.token}&v=2")

    assert page.status_code == 303
    assert page.headers["location"] == "/models/iris/compare?v=1&v=2"
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("gitreg-8000=")
    assert cookie.partition("; ")[2] == "HttpOnly; Path=/; SameSite=strict"
    assert person.sessions.token not in cookie


@pytest.mark.parametrize("path", ["//example.org/", "///example.org", "/\\example.org", "//example.org/%2e%2e"])
def test_the_token_never_leads_to_another_host(iris, path):
    with Browser(iris) as person:
        page = person.get(f"{ORIGIN}{path}?token={person.sessions.token}")

    assert page.status_code == 303
    assert page.headers["location"].startswith("/example.org")


@pytest.mark.parametrize("token", ["", "x", "é", "x" * 1000])
def test_a_wrong_token_is_refused(iris, token):
    with Browser(iris) as stranger:
        page = stranger.get("/", params={"token": token})

    assert page.status_code == 403
    assert "set-cookie" not in page.headers


def test_a_cookie_of_another_process_is_refused(iris, browser):
    with Browser(iris) as stranger:
        stranger.cookies.update(browser.cookies)
        page = stranger.get("/")

    assert page.status_code == 403


@pytest.mark.parametrize("cookie", ["", "gitreg-8000", "gitreg-8000=", "gitreg-8000=x; gitreg-8000=y", "=;=;", "gitreg-8000=\xe9", 'gitreg-8000="'])
def test_a_broken_cookie_is_refused(iris, cookie):
    with Browser(iris) as stranger:
        page = stranger.get("/", headers={"Cookie": cookie.encode("latin-1")})

    assert page.status_code == 403


@pytest.mark.parametrize("other", ['x={"a": 1}', "x=a b", 'x="', "=", "a", "x=[1,2]", "ü=ü".encode().decode("latin-1")])
def test_cookies_of_other_servers_of_this_machine_are_no_hindrance(browser, other):
    ours = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    browser.cookies.clear()

    answers = [browser.get("/", headers={"Cookie": cookies.encode("latin-1")}) for cookies in (f"{other}; {ours}", f"{ours}; {other}")]

    assert [answer.status_code for answer in answers] == [200, 200]


def test_the_token_is_in_no_page(browser):
    assert not [path for path in PAGES if browser.sessions.token in browser.get(path).text]


# -- where a request comes from -------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["example.org", "example.org:8000", "127.0.0.1", "127.0.0.1:8001", "localhost", "127.0.0.1:8000.example.org", "", "[::1]:8000", "0.0.0.0:8000", "127.1:8000"])
@pytest.mark.parametrize("path", ["/", "/static/forms.css", "/?token="])
def test_a_foreign_host_is_refused(browser, host, path):
    page = browser.get(path + (browser.sessions.token if path.endswith("=") else ""), headers={"Host": host})

    assert page.status_code == 421
    assert "set-cookie" not in page.headers
    assert "is not where gitreg ui listens" in said(page)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000"])
def test_our_own_names_are_answered(iris, host):
    with Browser(iris) as person:
        page = person.get(f"/?token={person.sessions.token}", headers={"Host": host})

    assert page.status_code == 303


@pytest.mark.parametrize("origin", ["http://example.org", "https://127.0.0.1:8000", "http://127.0.0.1:8001", "http://localhost:8000", "null", "", "http://127.0.0.1:8000.example.org"])
def test_a_foreign_origin_is_refused(iris, browser, origin):
    token = browser.csrf("/change/promote?model=iris&number=3")

    asked = browser.post_form("/change/promote", {"csrf": token, "model": "iris", "number": "3", "stage": "production"}, Origin=origin)
    confirmed = browser.post_form("/confirm", {"csrf": "x"}, Origin=origin)
    looked = browser.get("/", headers={"Origin": origin})

    assert [page.status_code for page in (asked, confirmed, looked)] == [403, 403, 403]
    assert holder(iris) == 1


def test_a_form_that_says_no_origin_is_refused(browser):
    page = browser.post("/confirm", data={"csrf": "x"})

    assert page.status_code == 403
    assert "a page of 'nobody' may not ask this" in said(page)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_form_of_another_site_is_refused_whatever_origin_it_says(browser, site):
    page = browser.post_form("/confirm", {"csrf": "x"}, **{"Sec-Fetch-Site": site})

    assert page.status_code == 403
    assert "a page of another site may not ask this" in said(page)


# -- what a request is ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"])
def test_other_methods_are_refused(browser, method):
    page = browser.request(method, "/", headers={"Origin": ORIGIN}) if method != "get" else browser.request("LINK", "/")

    assert page.status_code == 405
    assert page.headers["allow"] == "GET, HEAD, POST"


def test_pages_are_not_posted_to(browser):
    assert [browser.post_form(path, {"csrf": "x"}).status_code for path in ("/", "/models/iris/", "/done/x", "/static/forms.css")] == [405, 405, 405, 405]


def test_a_change_is_not_made_by_a_get(iris, browser):
    page = browser.show("promote", model="iris", number="3", stage="production")
    ticket = page.text.partition('action="/confirm"')[2].partition('value="')[2].partition('"')[0]

    got = browser.get("/confirm", params={"csrf": ticket})

    assert got.status_code == 405
    assert holder(iris) == 1


def test_a_body_that_is_too_large_is_not_read(browser):
    page = browser.post_form("/confirm", {"csrf": "x" * 300_000})

    assert page.status_code == 413
    assert "a form of more than 262144 bytes is not read" in said(page)


@pytest.mark.parametrize("length", ["-1", "1e3", "٣", "9" * 30, "262145", " "])
def test_a_length_that_is_none_or_too_large_is_refused(browser, length):
    page = browser.post("/confirm", content=b"csrf=x", headers={"Origin": ORIGIN, "Content-Type": security.FORM, "Content-Length": length.encode()})

    assert page.status_code == 413


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data; boundary=x", "application/json", "application/x-www-form-urlencodedx"])
def test_a_body_that_is_no_form_is_refused(browser, kind):
    page = browser.post("/confirm", content=b"csrf=x", headers={"Origin": ORIGIN, "Content-Type": kind})

    assert page.status_code == 415


@pytest.mark.parametrize("body", [b"&".join(b"a%d=1" % i for i in range(21)), b"csrf=x&csrf=y", b"csrf", b"csrf=%ff", b"csrf=\xff"])
def test_a_form_that_is_none_of_ours_is_refused(browser, body):
    page = browser.post("/confirm", content=body, headers={"Origin": ORIGIN, "Content-Type": security.FORM})

    assert page.status_code == 400


def test_an_address_that_is_too_long_is_refused(browser):
    assert browser.get("/models/" + "x" * 5000).status_code == 414


# -- what an answer carries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [*PAGES, "/static/forms.css", "/static/nowhere", "/change/nothing"])
def test_every_answer_carries_what_keeps_a_page_to_itself(browser, path):
    headers = browser.get(path).headers

    assert headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", PAGES)
def test_a_page_hides_no_origin_and_has_nothing_inline(browser, path):
    html = browser.get(path).text

    assert "no-referrer" not in html, "a form of such a page would say that its origin is null"
    assert " style=" not in html
    assert " onclick=" not in html
    assert "<style" not in html


@pytest.mark.parametrize("path", PAGES)
def test_head_is_answered_as_get_is(browser, path):
    assert browser.head(path).status_code == browser.get(path).status_code


# -- files ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "../app.py", "..%2fapp.py", "%2e%2e/app.py", "..%5capp.py", "vendor/../../app.py", "/etc/passwd", "%2fetc/passwd", "....//app.py", "forms.css%00", "forms.css/",
        "vendor", "", "%00", "%252e%252e/app.py", "FORMS.CSS",
    ],
)  # fmt: skip
def test_nothing_but_the_packages_own_files_is_given(browser, path):
    page = browser.get(f"{ORIGIN}/static/{path}")

    assert page.status_code in (403, 404)
    assert "import" not in page.text
    assert "root:" not in page.text


def test_a_file_is_given_once(browser):
    first = browser.get("/static/forms.css")

    again = browser.get("/static/forms.css", headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["content-type"] == "text/css; charset=utf-8"
    assert (first.status_code, again.status_code, again.text) == (200, 304, "")


# -- names in addresses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/models/../../etc/passwd/", 404), ("/models/%2e%2e/%2e%2e/", 400), ("/models/iris%0a/", 404), ("/models/iris%00/1", 400), ("/models/--help/1", 400),
        ("/models/%3Cscript%3E/", 400), ("/models/" + "x" * 101 + "/", 400), ("/models/versions/", 400), ("/models/iris/99", 404), ("/models/iris/0", 404),
        ("/models/iris/99999999999999999999", 404), ("/models/iris/-1", 400), ("/models/nothing/", 404), ("/models//", 400), ("/models/%ff/", 400), ("/models/IRIS/", 404),
        ("/models/iris/compare?v=99", 404), ("/history/99999999999", 404), ("/on?date=%3Cscript%3E", 400), ("/change/promote?model=..%2f..&number=1", 400),
        ("/change/promote?model=iris&number=x", 400), ("/change/%3Cscript%3E?model=iris", 400), ("/change/promote", 400), ("/done/%2e%2e", 404), ("/done/x", 404),
    ],
)  # fmt: skip
def test_a_hostile_name_in_an_address_is_answered_calmly(browser, path, status):
    page = browser.get(ORIGIN + path, follow_redirects=True)

    assert page.status_code == status
    assert "<script>" not in page.text.lower()
    assert "Traceback" not in page.text
