// Waits until the document can be worked with; returns what a driver has to know of it.
// options: quiet (ms without new content), limit (ms at most), patience (ms that an unfinished
// load, a spinner or an empty shell is waited for once the DOM is there), inspect (also tell
// what shows whether the page is a bot wall or an error page).
(options) => new Promise((resolve) => {
  const started = performance.now();
  const counts = new WeakMap();
  let last = started;
  let leaving = false;

  const observer = new MutationObserver((records) => {
    for (const record of records) {
      const seen = (counts.get(record.target) ?? 0) + 1;
      counts.set(record.target, seen);
      if (seen <= 5) last = performance.now();
    }
  });
  observer.observe(document, { childList: true, characterData: true, subtree: true });

  const onNavigate = (event) => {
    if (event.hashChange || event.downloadRequest != null) return;
    if (event.destination.sameDocument) last = performance.now();
    else leaving = true;
  };
  window.navigation?.addEventListener("navigate", onNavigate);

  const WAITING = /^(loading|please wait|redirecting|you are being redirected|one moment|bitte warten|wird geladen|weiterleitung)\b/i;
  const text = () => (document.body?.innerText ?? "").trim();
  const refreshSoon = () => {
    const meta = document.querySelector('meta[http-equiv="refresh" i]');
    const match = /^\s*([\d.]+)\s*[;,]\s*url/i.exec(meta?.content ?? "");
    return match !== null && Number(match[1]) <= 2 && !document.querySelector("noscript meta[http-equiv]");
  };
  const VISUAL = "img,svg,canvas,video,input,button,a[href],iframe,embed,object,select,textarea";
  const hasContent = () => {
    const body = document.body;
    if (!body) return false;
    if (body.querySelector(VISUAL) !== null || body.nodeName === "FRAMESET") return true;
    if (text() !== "") return true;
    // A component that takes room and holds nothing shows what is in a closed shadow root.
    const component = (node) => node.localName.includes("-") && node.childElementCount === 0 && node.offsetHeight > 4;
    return [...body.querySelectorAll("*")].some((node) => node.shadowRoot !== null || component(node));
  };
  const intendsMore = () => document.scripts.length > 0 || refreshSoon();
  const busy = () => {
    if (refreshSoon()) return true;
    const mark = document.querySelector('[aria-busy="true"]');
    if (mark !== null && mark.getClientRects().length > 0) return true;
    const body = document.body;
    if (!body || body.childElementCount > 40) return false;
    const words = text();
    return words.length < 200 && WAITING.test(words);
  };

  // A wall is a short page: long ones with many links are never sampled.
  const WALLS = [
    "#challenge-form", "#challenge-stage", "#challenge-running", "#cf-challenge-running", "#cf-error-details",
    'script[src*="/cdn-cgi/challenge-platform/"]', 'iframe[src*="challenges.cloudflare.com"]',
    'script[src*="captcha-delivery.com"]', 'iframe[src*="captcha-delivery.com"]',
    "#px-captcha", "#px-block-page", 'script[src*="/px/captcha"]', 'iframe[src*="_Incapsula_Resource"]',
    "#sec-if-cpt-container", 'form[action*="validateCaptcha"]', 'iframe[src*="geo.captcha"]',
  ];
  const WIDGETS = '.g-recaptcha,.h-captcha,.cf-turnstile,iframe[src*="recaptcha"],iframe[src*="hcaptcha"]';
  const inspection = () => {
    const links = document.links.length;
    return {
      links,
      fields: document.querySelectorAll("input:not([type=hidden]),select,textarea").length,
      sample: links > 25 ? "" : text().slice(0, 2000),
      wall: WALLS.find((selector) => document.querySelector(selector) !== null) ?? "",
      widget: document.querySelector(WIDGETS) !== null,
    };
  };

  const finish = (verdict) => {
    observer.disconnect();
    window.navigation?.removeEventListener("navigate", onNavigate);
    resolve({
      verdict,
      url: location.href,
      title: document.title,
      status: performance.getEntriesByType("navigation")[0]?.responseStatus ?? 0,
      ready: document.readyState,
      elapsed: performance.now() - started,
      ...(options.inspect ? inspection() : {}),
    });
  };

  const look = () => {
    const now = performance.now();
    const elapsed = now - started;
    const still = now - last;
    if (leaving) return elapsed < options.limit ? void setTimeout(look, 20) : finish("leaving");
    const ready = document.readyState;
    if (ready === "loading") {
      // A blocking script or style sheet hangs: what is there already can be used.
      if (hasContent() && text() !== "" && !busy() && still > options.patience) return finish("partial");
      return elapsed < options.limit ? void setTimeout(look, 10) : finish("loading");
    }
    const calm = ready === "complete" ? still >= options.quiet : still >= Math.max(options.quiet, 100);
    const complete = hasContent() || !intendsMore();
    if (calm && complete && !busy()) return finish("usable");
    if (elapsed > Math.min(options.patience, options.limit)) return finish("restless");
    setTimeout(look, Math.max(2, Math.min(10, options.quiet - still)));
  };
  if (document.readyState === "complete") setTimeout(look, options.quiet);
  else setTimeout(look, 0);
})
