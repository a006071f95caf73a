"""No secret survives masking, and what is no secret does."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import secrets
from core.errors import UsageError
from core.secrets import (
    expand,
    is_secret_name,
    mask,
    mask_tree,
    mask_url,
    passing_secrets,
    register,
    register_tree,
    secrets_of_url,
)

CANARY = "q7Zx%2BcanaryK9"
TOKENS = st.text("ABCdef0123456789+/_-~", min_size=8, max_size=40)
LITERALS = st.text(min_size=6, max_size=30).filter(lambda text: "***" not in text and not text.isspace())


@pytest.fixture(autouse=True)
def nothing_registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(secrets, "_process", secrets.Register())
    yield


@pytest.mark.parametrize(
    "text",
    [
        f"https://a.blob.core.windows.net/c?sv=2024-11-04&sp=rl&sig={CANARY}&se=2026",
        f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={CANARY}==;EndpointSuffix=core.windows.net",
        f"BlobEndpoint=https://a;SharedAccessSignature=sv=2024&sp=r&sig={CANARY}",
        f"Endpoint=sb://a;SharedAccessKeyName=n;SharedAccessKey={CANARY}",
        f"connect to postgresql+psycopg://user:{CANARY}@host:5432/db failed",
        f"postgresql://user:p@/{CANARY}@host/db",
        f"https://user:{CANARY}@host/path",
        f"redis://:{CANARY}@host",
        f"?token={CANARY}",
        f"access_token={CANARY}&x=1",
        f"refresh_token: '{CANARY}' client_secret={CANARY}",
        f"Authorization: Bearer {CANARY}",
        f"'Authorization': 'Bearer {CANARY}'",
        f"Authorization: SharedKey account:{CANARY}",
        f"authorization={CANARY}",
        f"the header was Bearer {CANARY}.",
        f"aws_secret_access_key = {CANARY}",
        f"AWS_SECRET_ACCESS_KEY={CANARY}",
        f"export AWS_SESSION_TOKEN='{CANARY}'",
        f"SecretAccessKey: {CANARY}",
        f"<SecretAccessKey>{CANARY}</SecretAccessKey>",
        f"https://b.s3.amazonaws.com/k?X-Amz-Credential={CANARY}%2F2026&X-Amz-Signature={CANARY}",
        f"X-Amz-Security-Token={CANARY}",
        f"Credential={CANARY}/2026/s3, SignedHeaders=host, Signature={CANARY}",
        f'{{"password": "{CANARY}", "account_key": "a\\"{CANARY}"}}',
        f"{{'password': '{CANARY} {CANARY}'}}",
        f"Driver=x;Uid=u;Pwd={{{CANARY};{CANARY}}};",
        f"mssql+pyodbc:///?odbc_connect=Driver%3Dx%3BPwd%3D{CANARY}",
        f"redirect=https%3A%2F%2Fa%3Fsig%3D{CANARY}",
        f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----",
        "dapi0123456789abcdef0123456789canary-2",
        "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiJjYW5hcnkifQ.canary",
        "hf_canarycanarycanarycanary",
    ],
)
def test_a_secret_in_a_known_form_is_hidden(text: str) -> None:
    masked = mask(text)
    assert "canary" not in masked
    assert "***" in masked
    assert mask(masked) == masked


@pytest.mark.parametrize(
    "text",
    [
        "https://a.blob.core.windows.net/c/x?sv=2024&sp=rl&se=2026",
        "http://127.0.0.1:10000/devstoreaccount1/c/a@b.csv",
        "s3://bucket/a:b@c",
        "abfss://container@account.dfs.core.windows.net/x",
        "AccountName=a;EndpointSuffix=core.windows.net",
        "unexpected token: }",
        "max_tokens=5 design=1 signal=2 keyboard=3",
        "the bearer token is missing",
        "postgresql://user@host/db",
        "mysql://u:${PASSWORD}@host/db",
        'password = "${PASSWORD}"',
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == text


@given(TOKENS, st.sampled_from(["sig={}", "password={}", "AccountKey={}", "Bearer {}", "x://u:{}@h", '"token": "{}"']))
def test_a_token_in_a_known_form_never_survives(token: str, form: str) -> None:
    for written in (token, quote(token, safe="")):
        assert written not in mask(f"before {form.format(written)} after")


def hidden_in_each_form(secret: str, before: str, after: str) -> None:
    secrets._process = secrets.Register()
    if any("\ud800" <= char <= "\udfff" for char in secret) or secret.lower() in secrets._OWN_WORDS:
        return
    register(secret)
    for written in (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        quote(quote(secret, safe=""), safe=""),
        json.dumps(secret)[1:-1],
    ):
        assert written not in mask(f"{before} <{written}> {after}")


@given(LITERALS, st.text(), st.text())
def test_a_registered_secret_never_survives_raw_or_encoded(secret: str, before: str, after: str) -> None:
    hidden_in_each_form(secret, before, after)


@settings(deadline=None, max_examples=30)
@given(st.text(min_size=1, max_size=3), st.text(), st.text())
def test_nor_does_one_that_is_as_long_as_a_file(part: str, before: str, after: str) -> None:
    hidden_in_each_form(part * 4097, before, after)


def test_a_registered_word_is_hidden_as_a_word_only() -> None:
    register("summer")
    assert mask("summer midsummers SUMMERY (summer)") == "*** midsummers SUMMERY (***)"


def test_short_values_and_our_own_words_are_not_registered() -> None:
    for value in ("", None, "abc", "postgres"):
        register(value)
    assert mask("abc postgresql postgres") == "abc postgresql postgres"


def test_masking_long_text_takes_no_long_time() -> None:
    for text in ("a_-." * 20_000, "a://b:" * 20_000, "sig=" * 20_000, "{" * 50_000, 'token="' * 20_000):
        mask(text)


@pytest.mark.parametrize(
    ("url", "shown", "found"),
    [
        ("https://a/c?sv=1&sig=ab%2B&se=2", "https://a/c?sv=1&sig=***&se=2", ["ab%2B"]),
        ("postgres://u:p@ss/w?rd@h/db", "postgres://u:***@h/db", ["p@ss/w?rd"]),
        ("snowflake://u:pw@a/d?token=zz", "snowflake://u:***@a/d?token=***", ["pw", "zz"]),
        ("https://u:p@h/a@b", "https://u:***@h/a@b", ["p"]),
        ("s3://AKIA:se/cret@bucket/x", "s3://AKIA:***@bucket/x", ["se/cret"]),
        ("s3://lake/token=a/x?sig=y&a@b", "s3://lake/token=a/x?sig=y&a@b", []),
        ("az://c/p?sv=1&sig=abc", "az://c/p?sv=1&sig=***", ["abc"]),
        ("/lake/token=a/b:c@d", "/lake/token=a/b:c@d", []),
        ("postgresql://h:5432/db?a=b@c", "postgresql://h:5432/db?a=b@c", []),
        ("mysql://u:${PW}@h/db", "mysql://u:${PW}@h/db", []),
        ("jdbc:mysql://u:pw@h/d", "jdbc:mysql://u:***@h/d", ["pw"]),
    ],
)
def test_a_url_is_masked_by_its_parts(url: str, shown: str, found: list[str]) -> None:
    assert mask_url(url) == shown
    assert list(secrets_of_url(url)) == found


def test_a_connection_string_in_place_of_a_url_is_masked() -> None:
    assert "canary" not in mask_url(f"AccountName=a;AccountKey={CANARY}")


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "accountKey",
        "account_key",
        "secret_access_key",
        "sas",
        "sasToken",
        "X-Amz-Signature",
        "connection_string",
        "connectionString",
        "credentials",
        "key",
        "api-key",
        "clientSecret",
        "token",
        "accesskey",
    ],
)
def test_secret_names(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "connection",
        "access_key_id",
        "primary_key",
        "keys",
        "monkey",
        "tokens",
        "account",
        "token_type",
        "sasquatch",
        "",
    ],
)
def test_names_of_no_secret(name: str) -> None:
    assert not is_secret_name(name)


def test_a_tree_is_masked_by_names_and_texts() -> None:
    tree: dict[str, Any] = {
        "a": [{"password": CANARY, "credentials": {"x": CANARY}, "key": [CANARY]}],
        "url": f"https://h?sig={CANARY}",
        "token": None,
        "secret": "${NAME}",
        "has_token": True,
        "n": 1,
    }
    masked = mask_tree(tree)
    assert "canary" not in json.dumps(masked)
    assert masked["a"][0] == {"password": "***", "credentials": "***", "key": "***"}
    assert (masked["token"], masked["secret"], masked["has_token"], masked["n"]) == (None, "${NAME}", True, 1)


def test_what_a_tree_holds_is_hidden_when_it_turns_up_alone() -> None:
    register_tree(
        {
            "auth": {"deep": ["first-secret"]},
            "url": "postgresql://u:second%20secret@h/d",
            "connection_string": "AccountName=a;AccountKey=third+secret==;",
            "path": "s3://lake/token=visible-name/x",
        }
    )
    masked = mask("first-secret, second secret, third+secret==, third%2Bsecret%3D%3D, visible-name")
    assert masked == "***, ***, ***, ***, visible-name"


def test_references_are_resolved_and_their_values_hidden() -> None:
    assert expand("a${ONE}b${TWO}$", {"ONE": "canary-1", "TWO": ""}) == "acanary-1b$"
    assert mask("canary-1") == "***"
    assert expand("${REGION}", {"REGION": "eu-west-1"}, secret=False) == "eu-west-1"
    assert mask("eu-west-1") == "eu-west-1"


def test_what_passes_through_is_hidden_while_it_does_and_then_forgotten() -> None:
    register("of-the-process")
    with passing_secrets():
        register("of-a-call")
        assert mask("of-a-call of-the-process") == "*** ***"
        with ThreadPoolExecutor() as threads:
            assert threads.submit(copy_context().run, mask, "of-a-call").result() == "***"
    assert mask("of-a-call of-the-process") == "of-a-call ***"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(UsageError, match="NOT_THERE") as caught:
        expand("${NOT_THERE}", {})
    assert "NOT_THERE" in caught.value.hint


def test_a_path_of_many_question_marks_is_no_work() -> None:
    assert mask_url("s3://b/" + "?" * 100_000).startswith("s3://b/??")
