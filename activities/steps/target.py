"""What an act would touch, told by the live element: the form it would send above all."""

from playwright.async_api import ElementHandle, Error, Page
from pydantic import TypeAdapter

from activities.browser.fields import focused_field
from inference.guarded import Target

_DESCRIBE = """element => {
  const text = value => String(value ?? '').replace(/\\s+/g, ' ').trim().slice(0, 120);
  const own = element.closest('button,input,select,textarea,a[href],[role],label,summary');
  const label = own && own.localName === 'label' ? own.control : null;
  const target = label ?? own ?? element;
  const tag = target.localName;
  const role = target.getAttribute('role') ?? '';
  const type = tag === 'button' || tag === 'input' ? target.type : '';
  const pushes = ['submit', 'image', 'button', 'reset'].includes(type) || tag === 'button';
  const field = (tag === 'input' && !pushes) || tag === 'select' || tag === 'textarea';
  const chosen = ['tab', 'radio', 'checkbox', 'option', 'switch', 'textbox', 'combobox',
    'searchbox', 'menuitemradio', 'menuitemcheckbox'].includes(role);
  const link = tag === 'a' && role !== 'button' && /^https?:/.test(target.href)
    && !(target.getAttribute('href') ?? '').startsWith('#') ? target.href : '';
  const form = target.form ?? null;
  const oneLine = tag === 'input' && !pushes
    && !['checkbox', 'radio', 'file', 'range', 'color'].includes(type);
  const sender = (type === 'submit' || type === 'image') && form !== null;
  const texts = form ? [...form.elements].filter(one => one.localName === 'input'
    && !['hidden', 'checkbox', 'radio', 'submit', 'image', 'button', 'reset', 'file', 'range',
      'color'].includes(one.type)) : [];
  const senders = form ? [...form.elements].filter(one =>
    ['submit', 'image'].includes(one.type)) : [];
  const entered = oneLine && form !== null && (senders.length > 0 || texts.length === 1);
  const inputs = root => [...root.querySelectorAll('input')].filter(one => one.type !== 'hidden');
  const password = one => one.type === 'password';
  const fresh = one => password(one) && /new-password/.test(one.autocomplete);
  const code = one => /one-time-code/.test(one.autocomplete)
    || (['text', 'tel', 'number', ''].includes(one.getAttribute('type') ?? '')
      && /\\b(otp|[2m]fa|totp|passcode|(one.?time|verification|auth\\w*|login|sms|digit).?code)/i
        .test([one.name, one.id, one.placeholder, one.getAttribute('aria-label') ?? '',
          ...[...(one.labels ?? [])].map(label => label.textContent)].join(' ')));
  const about = root => {
    const all = inputs(root);
    const passwords = all.filter(password);
    return {
      password: passwords.length > 0,
      new_password: all.some(fresh) || passwords.length > 1,
      code: all.some(code),
    };
  };
  const described = () => {
    const by = name => (sender && target.hasAttribute('form' + name))
      ? target.getAttribute('form' + name) : form.getAttribute(name);
    const method = (by('method') ?? '').toLowerCase();
    const action = new URL(by('action') || document.URL, document.baseURI);
    const names = texts.map(one => one.name.toLowerCase());
    return {
      method: ['post', 'dialog'].includes(method) ? method : 'get',
      given: by('method') !== null,
      action: action.href,
      searches: form.closest('[role=search],search') !== null
        || texts.some(one => one.type === 'search' || one.getAttribute('role') === 'searchbox')
        || names.some(name => ['q', 'query', 'search', 's', 'keyword', 'keywords', 'term']
          .includes(name)) || /search|suche/i.test(action.pathname),
      ...about(form),
    };
  };
  const near = form === null ? about(document) : about(form);
  return {
    name: text(target.getAttribute('aria-label') || (field ? '' : target.innerText)
      || (pushes ? target.value : '') || target.title || target.alt),
    href: link,
    button: !link && !field && !chosen,
    submits: sender || entered,
    changes: form !== null && /submit/.test(target.getAttribute('onchange') ?? ''),
    signs_in: near.password || near.code,
    form: form === null ? null : described(),
  };
}"""

_DESCRIBED = TypeAdapter(Target)


async def target_of(page: Page, element: ElementHandle | None) -> Target:
    """What can be told of an element, or of the one that has the focus where none is given.

    One that can't be asked tells nothing: acting on it fails by itself.
    """
    try:
        touched = await focused_field(page) if element is None else element
        if touched is None:
            return Target()
        told: object = await touched.evaluate(_DESCRIBE)
    except Error:
        return Target()
    return _DESCRIBED.validate_python(told)
