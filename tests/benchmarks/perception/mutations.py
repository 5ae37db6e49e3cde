"""Memory on changed pages: right, wrong and don't-know by mutation of the labelled pages.

Each intent is learned from its labelled target on the page as it is; then the page is changed
and memory is asked. Where the target was removed, the only right answer is to hand on.

usage: python -m tests.benchmarks.perception.mutations [--pages DIR] [--page NAME] [--notes]
"""

import argparse
import asyncio
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, ElementHandle, Error, Page, async_playwright

from activities.browser.snapshot import Snapshot, capture
from inference.cascade import Cascade
from inference.decisions import Decision, Question
from inference.dom.intent import read
from inference.dom.pool import act_for
from inference.dom.tier import DomTier
from inference.memory.fingerprints import filled
from inference.memory.lessons import Lesson, lesson
from inference.memory.locator import Remembered, Standing
from inference.memory.naming import Naming, naming_of
from inference.memory.tier import MemoryTier
from inference.memory.tier import decide as recall
from inference.observation import Observation
from plans.placeholders import as_text
from plans.step import Perception, StepType, TierName
from tests.benchmarks.perception.pages import IntentCase, PageCases, case_files

PAGES = Path(__file__).parents[4] / "shared" / "pages"

SAME = """([found, wanted]) => found === wanted || wanted.control === found ||
  found.control === wanted || (found.localName === 'label' && found.contains(wanted)) ||
  (wanted.shadowRoot && wanted.shadowRoot.contains(found))"""

WHOLE_PAGE = {
    "as it was": "() => {}",
    "banner inserted": """() => { const bar = document.createElement('div');
      bar.innerHTML = '<p>We have moved our offices. <a href="/news">Read more</a></p>' +
        '<button>Got it</button>';
      bar.style.cssText = 'padding:24px;background:#eee'; document.body.prepend(bar); }""",
    "ids and classes renamed": """() => {
      const names = new Map(), fresh = (name) => names.get(name) ??
        names.set(name, 'x' + [...name].map((c) => String.fromCharCode(97 +
        c.charCodeAt(0) * 7 % 26)).reverse().join('') + names.size).get(name);
      for (const e of document.querySelectorAll('[id],[class]')) {
        if (e.id) fresh(e.id);
        for (const c of e.classList) fresh(c);
      }
      for (const sheet of document.querySelectorAll('style')) sheet.textContent =
        sheet.textContent.replace(/([.#])(-?[_a-zA-Z][\\w-]*)/g, (all, sign, name) =>
          names.has(name) ? sign + names.get(name) : all);
      for (const e of document.querySelectorAll('*')) {
        if (e.id) e.id = fresh(e.id);
        if (e.classList.length) e.setAttribute('class', [...e.classList].map(fresh).join(' '));
        for (const at of ['for', 'aria-labelledby', 'aria-describedby', 'aria-controls', 'list'])
          if (e.hasAttribute(at)) e.setAttribute(at, e.getAttribute(at).split(/\\s+/)
            .map((id) => names.get(id) ?? id).join(' '));
      } }""",
    "restyled": """() => { const s = document.createElement('style');
      s.textContent = 'body{font-size:19px;letter-spacing:.4px;font-family:serif}' +
        'a,button,input,select{padding:9px!important;border-radius:12px!important}' +
        'li,td,p{line-height:1.9!important}'; document.head.append(s); }""",
    "numbers changed": """() => { const walk = document.createTreeWalker(document.body, 4);
      while (walk.nextNode()) { const text = walk.currentNode;
        if (/^(script|style)$/i.test(text.parentElement.localName)) continue;
        if (text.parentElement.closest('button,a,label,select,h1')) continue;
        text.data = text.data.replace(/[1-8]/g, (d) => String(+d + 1)); } }""",
}
ONE_TARGET = {
    "wrapper inserted": """t => { for (const e of t) { const outer = document.createElement('div');
      const inner = document.createElement('span');
      e.before(outer); outer.append(inner); inner.append(e); } }""",
    "siblings reordered": """t => { let list = t[0];
      while (list.parentElement && list.parentElement !== document.body &&
        [...list.parentElement.children].filter((c) => c.localName === list.localName).length < 3)
        list = list.parentElement;
      const parent = list.parentElement; if (!parent) return;
      const like = [...parent.children].filter((c) => c.localName === list.localName);
      like.reverse().forEach((c) => parent.append(c)); }""",
    "label reworded": """t => { for (const e of t) { const own = e.labels?.[0] ?? e;
      const walk = document.createTreeWalker(own, 4);
      while (walk.nextNode()) if (/\\w{3}/.test(walk.currentNode.data)) {
        walk.currentNode.data = 'Now ' + walk.currentNode.data.trim() + ' here'; break; }
      for (const at of ['aria-label', 'title', 'placeholder']) if (e.hasAttribute(at))
        e.setAttribute(at, 'Now ' + e.getAttribute(at) + ' here'); } }""",
    "target removed": """t => { for (const e of t) { (e.labels ?? []).forEach((l) => l.remove());
      e.remove(); } }""",
    "look-alike beside it": """t => { const e = t[0], twin = e.cloneNode(true);
      twin.removeAttribute('id'); twin.setAttribute('data-twin', '1');
      if (twin.href) twin.href = twin.href + '/other'; e.after(twin); }""",
    "look-alike elsewhere": """t => { const twin = t[0].cloneNode(true);
      twin.removeAttribute('id'); const home = document.createElement('div');
      if (twin.href) twin.href = twin.href + '/other';
      home.append(twin); document.body.prepend(home); }""",
    "removed, look-alike elsewhere": """t => { const twin = t[0].cloneNode(true);
      twin.removeAttribute('id'); const home = document.createElement(
        t[0].closest('footer') ? 'aside' : 'footer');
      home.append(twin); document.body.append(home);
      for (const e of t) { (e.labels ?? []).forEach((l) => l.remove()); e.remove(); } }""",
}
REMOVED = frozenset({"target removed", "removed, look-alike elsewhere"})


@dataclass
class Report:
    """Counts of memory alone, new and trusted, and of memory with the DOM tier behind it."""

    new: dict[str, Counter[str]] = field(default_factory=dict)
    trusted: dict[str, Counter[str]] = field(default_factory=dict)
    fallback: dict[str, Counter[str]] = field(default_factory=dict)
    learned: int = 0
    not_learned: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The table, ready to print."""
        wrong = sum(c["wrong"] for c in self.trusted.values())
        asked = sum(sum(c.values()) for c in self.trusted.values())
        lines = [
            f"Learned {self.learned} of {self.learned + sum(self.not_learned.values())} groundable"
            " intents; right / wrong / don't know of each, by mutation.",
            "",
            "| mutation | memory, trusted | memory, new | with the DOM tier (wrong by memory) |",
            "|---|---|---|---|",
        ]
        for name, counts in self.trusted.items():
            both = self.fallback[name]
            lines.append(
                f"| {name} | {_three(counts)} | {_three(self.new[name])} |"
                f" {_three(both)} ({both['by memory']}) |"
            )
        share = 100 * wrong / max(1, asked)
        lines += ["", f"Wrong acts from memory (trusted): {wrong} of {asked} ({share:.2f} %)."]
        return lines


@dataclass(frozen=True)
class Learned:
    """An intent with what memory holds of it."""

    case: IntentCase
    question: Question
    kept: Lesson
    naming: Naming

    def remembered(self, standing: Standing) -> Question:
        one = Remembered(
            key="k",
            act=self.kept.act,
            fingerprint=filled(self.kept.fingerprint, self.naming),
            standing=standing,
            wins=1,
        )
        return self.question.model_copy(update={"remembered": (one,)})


async def run(pages_dir: Path, browser: Browser, only: str | None = None) -> Report:
    """Learn and ask, page after page."""
    report = Report()
    for name in (*WHOLE_PAGE, *ONE_TARGET):
        for table in (report.new, report.trusted, report.fallback):
            table[name] = Counter()
    for file in case_files(pages_dir):
        cases = PageCases.model_validate_json(file.read_text(encoding="utf-8"))
        if only is None or only == cases.page:
            await _page(report, browser, cases, file.parent / "index.html")
    return report


async def _page(report: Report, browser: Browser, cases: PageCases, file: Path) -> None:
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(10_000)
    known: list[Learned] = []
    for case in cases.intents:
        if case.targets is None or case.step.type is StepType.DETECT_VISIBLE:
            continue
        learned = await _learn(report, page, case, file)
        if learned is not None:
            known.append(learned)
    plain = [one for one in known if not one.case.setup]
    for name, change in WHOLE_PAGE.items():
        for batch in (plain, *([one] for one in known if one.case.setup)):
            if batch:
                await _prepare(page, batch[0].case, file)
                if name == "numbers changed":
                    batch = [one for one in batch if not _names_number(one.case)]
                targets = [await _targets(page, one.case) for one in batch]
                for frame in page.frames:
                    await frame.evaluate(change)
                await _ask(report, name, page, batch, targets)
    for one in known:
        for name, change in ONE_TARGET.items():
            await _prepare(page, one.case, file)
            targets = await _targets(page, one.case)
            await targets[0].evaluate(
                "(e, [change, t]) => eval(change)(t)", [change, list(targets)]
            )
            await _ask(report, name, page, [one], [targets])
    await page.close()


def _names_number(case: IntentCase) -> bool:
    """Whether the intent names a number: once numbers change, it means something else."""
    return any(sign.isdigit() for sign in case.step.intent)


async def _prepare(page: Page, case: IntentCase, file: Path) -> None:
    await page.goto(file.as_uri())
    await page.wait_for_timeout(30)
    for selector in case.setup:
        await page.locator(selector).click()
        await page.wait_for_timeout(60)


async def _targets(page: Page, case: IntentCase) -> list[ElementHandle]:
    place = page.frame_locator(case.frame) if case.frame else page
    return [await place.locator(one).element_handle() for one in case.targets or ()]


async def _learn(report: Report, page: Page, case: IntentCase, file: Path) -> Learned | None:
    await _prepare(page, case, file)
    targets = await _targets(page, case)
    snapshot = await capture(page)
    value = case.step.params.value
    text = "" if value is None else as_text(value)
    question = Question(step=case.step, intent=case.step.intent, value=text)
    naming = naming_of(question, {})
    ref = await _find(snapshot, targets)
    if ref is None:
        report.not_learned["not seen"] += 1
        return None
    observation = snapshot.observation
    act = act_for(read(question), observation.element(ref))
    decision = Decision(act=act, ref=ref, confidence=1, tier=TierName.CLAUDE, text=text)
    kept = lesson(observation, question, case.step, decision, naming)
    if isinstance(kept, str):
        report.not_learned[kept] += 1
        report.notes.append(f"{page.url.split('/')[-2]} {case.id} not learned: "
                            f"{case.step.intent} -> {kept}")  # fmt: skip
        return None
    report.learned += 1
    return Learned(case, question, kept, naming)


async def _find(snapshot: Snapshot, targets: Sequence[ElementHandle]) -> int | None:
    """The ref of the first labelled target; those near it are looked at alone."""
    boxes = [await target.bounding_box() for target in targets]
    for box in boxes:
        if box is None:
            continue
        for element in snapshot.observation.elements:
            near = (
                abs(element.box.x + element.box.width / 2 - box["x"] - box["width"] / 2) < 60
                and abs(element.box.y + element.box.height / 2 - box["y"] - box["height"] / 2) < 60
            )
            if element.interactive and near and await _is(snapshot, element.ref, targets):
                return element.ref
    for element in snapshot.observation.elements:
        if await _is(snapshot, element.ref, targets):
            return element.ref
    return None


async def _is(snapshot: Snapshot, ref: int, targets: Sequence[ElementHandle]) -> bool:
    found = await snapshot.element(ref)
    for wanted in targets:
        try:
            same = "(found, wanted) => (" + SAME + ")([found, wanted])"
            if await found.evaluate(same, wanted):
                return True
        except Error:
            continue
    return False


async def _ask(
    report: Report,
    name: str,
    page: Page,
    known: Sequence[Learned],
    targets: Sequence[Sequence[ElementHandle]],
) -> None:
    snapshot = await capture(page)
    seen = snapshot.observation
    cascade = Cascade((MemoryTier(), DomTier()))
    for one, wanted in zip(known, targets, strict=True):
        for standing, table in ((Standing.NEW, report.new), (Standing.TRUSTED, report.trusted)):
            answer = recall(seen, one.remembered(standing))
            verdict = await _verdict(snapshot, name, answer, wanted)
            table[name][verdict] += 1
            if verdict == "wrong" or (verdict == "dont_know" and name == "as it was"):
                report.notes.append(_note(page, name, one, standing, seen, answer, verdict))
        both = await cascade.decide(seen, one.remembered(Standing.TRUSTED), Perception.AUTO)
        verdict = await _verdict(snapshot, name, both.result, wanted)
        report.fallback[name][verdict] += 1
        if verdict == "wrong" and isinstance(both.result, Decision):
            report.fallback[name]["by memory"] += both.result.tier is TierName.MEMORY
    await snapshot.dispose()


async def _verdict(
    snapshot: Snapshot, name: str, answer: object, wanted: Sequence[ElementHandle]
) -> str:
    if not isinstance(answer, Decision) or answer.ref is None:
        return "right" if name in REMOVED else "dont_know"
    if name in REMOVED:
        return "wrong"
    return "right" if await _is(snapshot, answer.ref, wanted) else "wrong"


def _note(
    page: Page,
    name: str,
    one: Learned,
    standing: Standing,
    seen: Observation,
    answer: object,
    verdict: str,
) -> str:
    what = ""
    if isinstance(answer, Decision) and answer.ref is not None:
        what = repr(seen.element(answer.ref).name[:60])
    why = getattr(answer, "why", "")
    return (
        f"{page.url.split('/')[-2]} {one.case.id} {verdict} ({name}, {standing}): "
        f"{one.case.step.intent} -> {what} {why}"
    )


def _three(counts: Counter[str]) -> str:
    return f"{counts['right']} / {counts['wrong']} / {counts['dont_know']}"


async def main(options: argparse.Namespace) -> Report:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium") or None, args=["--no-sandbox"]
        )
        try:
            return await run(options.pages, browser, options.page)
        finally:
            await browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=PAGES)
    parser.add_argument("--page", help="this page alone")
    parser.add_argument("--notes", action="store_true", help="list what was wrong or not learned")
    chosen = parser.parse_args()
    found = asyncio.run(main(chosen))
    print("\n".join(found.lines()))
    print(dict(found.not_learned))
    if chosen.notes:
        print("\n".join(found.notes))
    sys.exit(0)
