"""The keys file: what it may say, what it may not, and that no token stands in a message."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.tenants import KeysFileError, Scope, SingleTenant, Tenant, read_keys
from api.tenants.tenant import TokenTable

TOKEN = "tok-Very-Secret-1"


def file(**entry: object) -> bytes:
    return json.dumps({"tenant_keys": {TOKEN: {"tenant_id": "acme", **entry}}}).encode()


def test_only_the_tenant_id_is_required():
    ((token, tenant),) = read_keys(file())
    assert token == TOKEN
    assert tenant == Tenant(tenant_id="acme", max_cost_usd=25.0, max_time_minutes=60.0)
    assert tenant.scopes == frozenset(Scope)
    assert (tenant.max_concurrent_runs, tenant.rate_limit_per_minute) == (5, 30)
    assert tenant.anthropic_secret_name == "anthropic_api_key"
    assert tenant.webhook_url is None


def test_every_field_of_an_entry():
    ((_, tenant),) = read_keys(
        file(
            scopes=["status", "logs"],
            max_concurrent_runs=2,
            max_cost_per_run=1,
            max_time_minutes_per_run=2.5,
            rate_limit_per_minute=0,
            anthropic_secret_name="acme_key",
            allowed_domains=["example.com", "*.example.com"],
            webhook_url="https://acme.example/hook",
            webhook_secret_name="acme_hook",
            colour="blue",
            comment=None,
        )
    )
    assert not tenant.may(Scope.RUN) and tenant.may(Scope.LOGS) and not tenant.may(Scope.RESULT)
    assert (tenant.max_cost_usd, tenant.max_time_minutes) == (1.0, 2.5)
    assert tenant.rate_limit_per_minute == 0
    assert tenant.allowlist.allows("a.example.com") and not tenant.allowlist.allows("b.com")
    assert (tenant.webhook_url, tenant.webhook_secret_name) == (
        "https://acme.example/hook",
        "acme_hook",
    )


def test_two_tokens_may_name_one_tenant_each_with_its_own_settings():
    raw = {
        "tenant_keys": {
            "old": {"tenant_id": "acme", "scopes": ["status"], "max_concurrent_runs": 1},
            "new": {"tenant_id": "acme"},
            "other": {"tenant_id": "zeta"},
        }
    }
    table = TokenTable(read_keys(json.dumps(raw).encode()))
    old, new = table.find("old"), table.find("new")
    assert old and new and old.tenant_id == new.tenant_id == "acme"
    assert (old.max_concurrent_runs, new.max_concurrent_runs) == (1, 5)
    assert not old.may(Scope.RUN) and new.may(Scope.RUN)
    for wrong in ("", "ol", "oldd", "OLD", "old ", "\udcff", "x" * 100_000):
        assert table.find(wrong) is None


BAD = [
    (b"", "not valid JSON"),
    (b"{", "not valid JSON"),
    (b"[]", "must be an object"),
    (b"{}", "must be an object"),
    (b'{"tenant_keys": []}', "must be an object"),
    (b"\xff\xfe{}", "not UTF-8"),
    (b"[" * 100_000, "nests too deep"),
    (b'{"a": ' + b"9" * 10_000 + b"}", "number is too long"),
    (b'{"tenant_keys": {}, "a": NaN}', "NaN"),
    (b" " * (8 * 1024 * 1024 + 1), "larger than"),
    (b'{"tenant_keys": {}, "tenant_keys": {}}', "same key twice"),
    (b'{"tenant_keys": {"t": {"tenant_id": "a"}, "t": {"tenant_id": "b"}}}', "same key twice"),
    (b'{"tenant_keys": {"t": {"tenant_id": "a", "tenant_id": "b"}}}', "same key twice"),
    (b'{"tenant_keys": {"t": "a"}}', "token 1 must be an object"),
    (b'{"tenant_keys": {"t": {}}}', "tenant_id"),
    (b'{"tenant_keys": {"": {"tenant_id": "a"}}}', "visible ASCII"),
    (b'{"tenant_keys": {"a b": {"tenant_id": "a"}}}', "visible ASCII"),
    ('{"tenant_keys": {"tést": {"tenant_id": "a"}}}'.encode(), "visible ASCII"),
    (file(tenant_id=""), "tenant_id"),
    (file(tenant_id=None), "tenant_id"),
    (file(tenant_id=5), "tenant_id"),
    (file(tenant_id="../x"), "tenant_id"),
    (file(tenant_id=".x"), "tenant_id"),
    (file(tenant_id="a/b"), "tenant_id"),
    (file(tenant_id="a\n"), "tenant_id"),
    (file(tenant_id="ä"), "tenant_id"),
    (file(tenant_id="a" * 129), "tenant_id"),
    (file(scopes="run"), "scopes"),
    (file(scopes=["run", "admin"]), "scopes"),
    (file(scopes=[1]), "scopes"),
    (file(max_concurrent_runs="5"), "max_concurrent_runs"),
    (file(max_concurrent_runs=0), "max_concurrent_runs"),
    (file(max_concurrent_runs=True), "max_concurrent_runs"),
    (file(max_concurrent_runs=1.5), "max_concurrent_runs"),
    (file(max_cost_per_run=0), "max_cost_per_run"),
    (file(max_cost_per_run="9"), "max_cost_per_run"),
    (file(max_time_minutes_per_run=-1), "max_time_minutes_per_run"),
    (file(rate_limit_per_minute=-1), "rate_limit_per_minute"),
    (file(rate_limit_per_minute=10**30), "rate_limit_per_minute"),
    (file(anthropic_secret_name="../key"), "anthropic_secret_name"),
    (file(webhook_secret_name="a/b"), "webhook_secret_name"),
    (file(webhook_url="ftp://x"), "webhook_url"),
    (file(webhook_url="example.com"), "webhook_url"),
    (file(webhook_url="https://"), "webhook_url"),
    (file(allowed_domains="example.com"), "allowed_domains"),
    (file(allowed_domains=["*"]), "allowed_domains"),
    (file(allowed_domains=["example.com:8080"]), "allowed_domains"),
    (file(allowed_domains=["a.*.com"]), "allowed_domains"),
    (file(allowed_domains=[""]), "allowed_domains"),
    (file(allowed_domains=[None]), "allowed_domains"),
]


@pytest.mark.parametrize(("raw", "says"), BAD)
def test_a_file_that_is_wrong_says_what_and_shows_no_token(raw: bytes, says: str):
    with pytest.raises(KeysFileError, match=says) as caught:
        read_keys(raw)
    assert TOKEN not in str(caught.value)
    assert len(str(caught.value)) < 400 and "\n" not in str(caught.value)


def test_the_single_tenant():
    tenant = Tenant(tenant_id="default")
    known = SingleTenant("s3cret", tenant)
    assert known.configured and known.health == "ok"
    assert known.find("s3cret") == tenant
    assert known.find("s3cret2") is None and known.find("") is None
    nobody = SingleTenant("", tenant)
    assert not nobody.configured and nobody.health == "server auth not configured"
    assert nobody.find("") is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "tenant_id",
        "scopes",
        "max_concurrent_runs",
        "max_cost_per_run",
        "max_time_minutes_per_run",
        "rate_limit_per_minute",
        "anthropic_secret_name",
        "allowed_domains",
        "webhook_url",
        "webhook_secret_name",
    ]
)
ENTRIES = st.dictionaries(NAMES, VALUES, max_size=5).map(lambda more: {"tenant_id": "a", **more})
FILES = st.dictionaries(st.text(max_size=10), ENTRIES | VALUES, max_size=4).map(
    lambda keys: json.dumps({"tenant_keys": keys}).encode()
)


@settings(max_examples=400, deadline=2000)
@given(FILES | st.binary(max_size=300) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_any_file_is_read_or_refused(raw: bytes):
    try:
        keys = read_keys(raw)
    except KeysFileError as error:
        assert str(error)
        return
    table = TokenTable(keys)
    for token, tenant in keys:
        assert table.find(token) == tenant
        assert "/" not in tenant.tenant_id and not tenant.tenant_id.startswith(".")
