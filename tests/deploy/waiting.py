"""Waiting for a running program to come to where a test wants it."""

import time
import urllib.error
import urllib.request

PATIENCE_S = 300
LOOK_S = 0.2


def await_true(what, look, patience_s=PATIENCE_S):
    """Seconds until look() was true, whose value comes along."""
    begin = time.monotonic()
    while True:
        value = look()
        if value:
            return time.monotonic() - begin, value
        if time.monotonic() - begin > patience_s:
            raise AssertionError(f"not within {patience_s} s: {what}")
        time.sleep(LOOK_S)


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=3) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError:
        return None
