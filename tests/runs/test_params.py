"""Parameters are recorded as plain values; what looks like a secret is masked, and the person is told."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gitreg import GitregWarning
from gitreg.runs.params import masked, recorded
from gitreg.secrets import is_secret_name, without_secrets


class Kernel(enum.Enum):
    RBF = "rbf"


@dataclass
class Config:
    depth: int
    path: Path


@pytest.mark.parametrize(("value", "plain"), [
    (1, 1), (0.5, 0.5), ("a", "a"), (None, None), (True, True), ((1, 2), [1, 2]), ({1}, [1]), ({"a": {"b": 1}}, {"a": {"b": 1}}),
    (np.float32(0.5), 0.5), (np.int64(3), 3), (Kernel.RBF, "rbf"), (Path("a/b"), "a/b"), (Config(3, Path("x")), {"depth": 3, "path": "x"}),
    (float("nan"), "nan"), (float("-inf"), "-inf"), (2**70, str(2**70)),
], ids=repr)  # fmt: skip
def test_a_plain_value_is_recorded(value, plain):
    assert recorded({"x": value}) == {"x": plain}


@pytest.mark.parametrize("value", [object(), np.zeros(3), lambda: 1, "x" * 5000, list(range(5000)), {"deep": [object()]}, {str(n): n for n in range(3000)}], ids=lambda value: str(type(value)))
def test_what_is_no_plain_value_or_too_large_is_left_out(value):
    assert recorded({"x": value, "y": 1}) == {"y": 1}


def test_a_value_that_contains_itself_is_left_out():
    circle = []
    circle.append(circle)

    assert recorded({"x": circle}) == {}


@pytest.mark.parametrize("name", [
    "password", "db_password", "dbPassword", "PASSWORD", "passwd", "secret", "client_secret", "api_key", "apiKey", "APIKEY", "HF_TOKEN", "token",
    "access_token", "aws_secret_access_key", "AWSSecretKey", "private_key", "credentials", "auth_token", "bearer", "connection_string", "auth", "db_pw", "creds", "cookie", "token_value", "train.api_key",
])  # fmt: skip
def test_a_secrets_name_is_known(name):
    assert is_secret_name(name)


@pytest.mark.parametrize("name", [
    "tokens", "max_tokens", "n_tokens", "tokenizer", "pad_token", "eos_token_id", "token_count", "token_dim", "password_length", "token_limit", "api_key_name", "secret_path", "key", "keys", "monkey", "primary_key", "author", "passes", "secretary", "C", "",
])  # fmt: skip
def test_what_is_no_secrets_name_is_left_alone(name):
    assert not is_secret_name(name)


def test_a_parameter_named_like_a_secret_is_masked_and_told():
    with pytest.warns(GitregWarning, match=r"not recorded, for it looks like a secret: api_key, db\.password"):
        assert masked({"api_key": "sk-123", "C": 1, "db": {"password": "x", "host": "h"}}) == {"api_key": "***", "C": 1, "db": {"password": "***", "host": "h"}}


def test_all_that_is_below_a_secrets_name_is_masked():
    with pytest.warns(GitregWarning, match="looks like a secret: credentials"):
        assert masked({"credentials": {"user": "me", "value": "x"}, "n": [1]}) == {"credentials": "***", "n": [1]}


def test_the_value_of_a_secret_variable_is_masked_wherever_it_stands(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefgh")
    monkeypatch.setenv("EDITOR", "vim-editor")

    with pytest.warns(GitregWarning, match="header, urls, the credentials in urls"):
        assert masked({"header": "Bearer hf_abcdefgh", "urls": ["x", "https://me:hf_abcdefgh@example.org/a"], "editor": "vim-editor"}) == {
            "header": "Bearer ***", "urls": ["x", "https://example.org/a"], "editor": "vim-editor",
        }  # fmt: skip


def test_a_flag_about_a_secret_is_none(recwarn):
    assert masked({"use_auth_token": True, "token": None}) == {"use_auth_token": True, "token": None}
    assert not recwarn.list


def test_credentials_in_an_address_are_left_out():
    assert without_secrets("https://user:token@example.org/a.git and git@host:b") == "https://example.org/a.git and git@host:b"
    assert without_secrets("https://user:p@ss@example.org/a@b") == "https://example.org/a@b"


@pytest.mark.parametrize("name", ["private_token", "access_token", "X-Amz-Signature", "api_key", "sig"])
def test_a_token_in_the_query_of_an_address_is_masked(name):
    assert without_secrets(f"https://example.org/jobs/7?{name}=abc&page=2") == f"https://example.org/jobs/7?{name}=***&page=2"
