"""Cookies of the servers that models run on: none is kept."""

from http.cookiejar import CookieJar, DefaultCookiePolicy


def refused_cookies() -> CookieJar:
    """A jar that takes no cookie in.

    Connections are shared by all tenants' questions: what a server sets with one answer would
    be sent with the next question, whosever it is.
    """
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))
