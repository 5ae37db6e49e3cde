#!/bin/sh
# Sets up everything that make needs: system packages where missing, then the virtual environment.
# usage: setup.sh VENV
set -eu
venv=$1
python=${PYTHON:-python3}

say() { printf '%s\n' "$*"; }

need() { # need COMMAND... -- PACKAGES: install the packages unless one of the commands is there
    commands=""
    while [ "$1" != "--" ]; do commands="$commands $1"; shift; done
    shift
    for command in $commands; do
        if command -v "$command" >/dev/null 2>&1; then return 0; fi
    done
    missing="${missing:-} $*"
}

missing=""
need chromium chromium-browser google-chrome -- chromium fonts-liberation
need ffmpeg -- ffmpeg
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    need no-such-command -- python3 python3-venv
fi
if [ -n "${MANTIS_SETUP_POSTGRES:-}" ] && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    need initdb -- postgresql
fi
if [ -n "${MANTIS_CHROME_PATH:-}" ] && [ -x "$MANTIS_CHROME_PATH" ]; then
    missing=$(printf '%s' "$missing" | sed 's/chromium fonts-liberation//')
fi
missing=$(printf '%s' "$missing" | xargs)

if [ -n "$missing" ]; then
    if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
        say "installing $missing"
        apt-get update -qq >/dev/null
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
    elif command -v apt-get >/dev/null 2>&1; then
        say "missing: $missing. Run: sudo apt-get install $missing" >&2
        exit 1
    else
        say "missing: $missing. Install them with your system's package manager;" >&2
        say "for Chromium alone, 'playwright install chromium' works too (see README.md)." >&2
        exit 1
    fi
fi

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "Python 3.11 or newer is needed; $python is $("$python" --version 2>&1)." >&2
    say "Point make at another one: make PYTHON=python3.12 ..." >&2
    exit 1
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
say "installing the pinned requirements into $venv"
pip="$venv/bin/python -m pip --disable-pip-version-check --quiet"
$pip install --require-hashes -r requirements/test.txt
$pip install --require-hashes --no-deps -r requirements/bench.txt
$pip install --no-deps --no-build-isolation --editable ./sdk --editable .
