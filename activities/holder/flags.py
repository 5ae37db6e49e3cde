"""Chromium's command line."""

from pathlib import Path

VIEWPORT = (1280, 800)
"""Width and height of the page, CSS pixels."""

_DISABLED_FEATURES = (
    "AcceptCHFrame",
    "AutofillServerCommunication",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "CertificateTransparencyComponentUpdater",
    "DestroyProfileOnBrowserClose",
    "DialMediaRouteProvider",
    "GlobalMediaControls",
    "HttpsUpgrades",
    "InterestFeedContentSuggestions",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PasswordLeakDetection",
    "ThirdPartyStoragePartitioning",
    "Translate",
)

_QUIET = (
    "--no-first-run",
    "--no-default-browser-check",
    "--no-service-autorun",
    "--no-pings",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-extensions-with-background-pages",
    "--disable-component-update",
    "--component-updater=url-source=http://localhost:9/",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-field-trial-config",
    "--disable-infobars",
    "--disable-search-engine-choice-screen",
    "--disable-sync",
    "--gaia-url=http://localhost:9/",
    "--metrics-recording-only",
    "--mute-audio",
    "--password-store=basic",
    "--use-mock-keychain",
)
"""Nothing on the network and no bubble that no page asked for.

The updater and the browser's own Google sign-in call home whatever else is disabled: theirs
is a home that does not exist.
"""

_STEADY = (
    "--disable-back-forward-cache",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-hang-monitor",
    "--disable-ipc-flooding-protection",
    "--disable-prompt-on-repost",
    "--force-color-profile=srgb",
    "--lang=en-US",
)
"""Pages behave the same in the background, under load and on the next machine."""

_CONFINED = (
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-quic",
)
"""No packet leaves but through the proxy, loopback included."""

PREFERENCES = (
    '{"credentials_enable_service":false,'
    '"profile":{"password_manager_enabled":false,"exit_type":"Normal"},'
    '"autofill":{"profile_enabled":false,"credit_card_enabled":false}}'
)
"""First `Default/Preferences` of a profile: no offers to save passwords or addresses."""


def command_line(
    binary: Path,
    *,
    profile_dir: Path,
    proxy_port: int,
    headless: bool,
    sandbox: bool,
    shared_memory: bool,
) -> list[str]:
    """The whole argument vector.

    Args:
        binary: the Chromium to run.
        profile_dir: its user data directory.
        proxy_port: loopback port of the egress proxy.
        headless: without a display.
        sandbox: False where Chromium can't sandbox (it runs as root).
        shared_memory: False where `/dev/shm` is too small for pages.
    """
    width, height = VIEWPORT
    arguments = [
        str(binary),
        "--remote-debugging-port=0",
        "--remote-debugging-address=127.0.0.1",
        f"--user-data-dir={profile_dir}",
        f"--window-size={width},{height}",
        f"--proxy-server=http://127.0.0.1:{proxy_port}",
        *_CONFINED,
        *_QUIET,
        *_STEADY,
        f"--disable-features={','.join(_DISABLED_FEATURES)}",
    ]
    if headless:
        arguments += ["--headless=new", "--hide-scrollbars"]
    if not sandbox:
        arguments.append("--no-sandbox")
    if not shared_memory:
        arguments.append("--disable-dev-shm-usage")
    arguments.append("about:blank")
    return arguments
