"""Where a repository is hosted, by its address and by what the person configured; and which token may go there."""

from __future__ import annotations

import pytest

from gitreg.errors import NotFoundError, PolicyError, UsageError
from gitreg.forges.base import Place
from gitreg.forges.places import located
from gitreg.forges.tokens import advice, token

GITHUB = Place("github", "https://github.com", "https://api.github.com", "o/r")
CODEBERG = Place("gitea", "https://codeberg.org", "https://codeberg.org/api/v1", "o/r")
GROUPS = Place("gitlab", "https://gitlab.com", "https://gitlab.com/api/v4", "a/b/c")

ADDRESSES = {
    "https://github.com/o/r": GITHUB,
    "https://github.com/o/r.git": GITHUB,
    "https://GitHub.com/o/r/": GITHUB,
    "https://name:secret@github.com/o/r.git": GITHUB,
    "git@github.com:o/r.git": GITHUB,
    "github.com:o/r": GITHUB,
    "ssh://git@github.com/o/r.git": GITHUB,
    "ssh://git@ssh.github.com:443/o/r.git": GITHUB,
    "git://github.com/o/r.git": GITHUB,
    "http://github.com/o/r.git": GITHUB._replace(web="http://github.com"),
    "git@gitlab.com:a/b/c.git": GROUPS,
    "ssh://git@altssh.gitlab.com:443/a/b/c.git": GROUPS,
    "https://codeberg.org/o/r": CODEBERG,
    "https://o.ghe.com/o/r": Place("github", "https://o.ghe.com", "https://api.o.ghe.com", "o/r"),
    "ssh://git@github.example.org:2222/o/r.git": Place("github", "https://github.example.org", "https://github.example.org/api/v3", "o/r"),
    "https://gitlab.example.org:8443/a/b.git": Place("gitlab", "https://gitlab.example.org:8443", "https://gitlab.example.org:8443/api/v4", "a/b"),
    "https://forgejo.example.org/o/r": Place("gitea", "https://forgejo.example.org", "https://forgejo.example.org/api/v1", "o/r"),
    "http://gitea.example.org:3000/o/r": Place("gitea", "http://gitea.example.org:3000", "https://gitea.example.org/api/v1", "o/r"),
    "https://gitea.example.org/below/o/r": Place("gitea", "https://gitea.example.org/below", "https://gitea.example.org/below/api/v1", "o/r"),
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_says_where_it_is_hosted(address):
    assert located(address, {}) == ADDRESSES[address]


HOSTS = {
    "GH_HOST": ({"GH_HOST": "git.example.org"}, "github", "https://git.example.org/api/v3"),
    "Actions of GitHub": ({"GITHUB_SERVER_URL": "https://git.example.org", "GITHUB_API_URL": "https://git.example.org/api/v3x"}, "github", "https://git.example.org/api/v3x"),
    "Actions of Gitea": ({"GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.example.org", "GITHUB_API_URL": "https://git.example.org/api/v1x"}, "gitea", "https://git.example.org/api/v1x"),
    "GITLAB_HOST as a URL": ({"GITLAB_HOST": "https://git.example.org"}, "gitlab", "https://git.example.org/api/v4"),
    "CI of GitLab": ({"CI_SERVER_HOST": "git.example.org", "CI_API_V4_URL": "https://api.example.org/v4"}, "gitlab", "https://api.example.org/v4"),
    "CI of GitLab over plain http": ({"CI_SERVER_HOST": "git.example.org", "CI_API_V4_URL": "http://git.example.org/api/v4"}, "gitlab", "https://git.example.org/api/v4"),
    "GITEA_SERVER_URL": ({"GITEA_SERVER_URL": "https://git.example.org"}, "gitea", "https://git.example.org/api/v1"),
    "GITREG_FORGE": ({"GITREG_FORGE": "forgejo", "GH_HOST": "git.example.org"}, "gitea", "https://git.example.org/api/v1"),
    "GITREG_FORGE_API": ({"GITREG_FORGE": "github", "GITREG_FORGE_API": "http://inner.example.org/v3/"}, "github", "http://inner.example.org/v3"),
}


@pytest.mark.parametrize("case", HOSTS)
def test_the_environment_names_hosts(case):
    env, kind, api = HOSTS[case]

    assert located("git@git.example.org:o/r.git", env) == Place(kind, "https://git.example.org", api, "o/r")


def test_git_config_says_kind_and_address_and_the_environment_comes_before_it():
    def found(**env):
        return located("git@git.example.org:o/r.git", env, kind="gitlab", api="https://api.example.org/v4")[:3:2]

    assert found() == ("gitlab", "https://api.example.org/v4")
    assert found(GITREG_FORGE="github", GITREG_FORGE_API="https://x.example.org") == ("github", "https://x.example.org")


def test_ci_of_another_host_says_nothing_of_this_one():
    env = {"CI_SERVER_HOST": "git.example.org", "CI_API_V4_URL": "https://git.example.org/api/v4", "GITHUB_SERVER_URL": "https://x.example.org", "GITHUB_API_URL": "https://x.example.org/v3"}

    assert located("git@gitlab.com:a/b/c.git", env) == GROUPS
    assert located("git@github.com:o/r", env) == GITHUB


def test_a_gitlab_in_a_folder_is_told_by_its_api_address():
    env = {"CI_SERVER_HOST": "x.example.org", "CI_API_V4_URL": "https://x.example.org/git/api/v4"}

    assert located("https://x.example.org/git/a/b/c.git", env) == Place("gitlab", "https://x.example.org/git", "https://x.example.org/git/api/v4", "a/b/c")
    assert located("git@x.example.org:a/b.git", env).path == "a/b"


NOWHERE = ["/srv/models.git", "../models", "file:///srv/models.git", "C:\\models", "ext::sh -c 'echo'", "https://github.com/o", "https://github.com/a/b/c", "https://github.com/o/..", "https://github.com/o/r%2F..%2Fx%00",
           "https://github.com:port/o/r", "https://[::1/o/r", "git@github.com:", "", "https://git.example.org/o/r", "https://gitlab.com/o", "https://github.com@evil/o/r?x", "ssh://-oProxyCommand=x/o/r"]  # fmt: skip


@pytest.mark.parametrize("address", NOWHERE)
def test_what_is_at_no_forge_is_said_in_a_sentence(address):
    with pytest.raises(NotFoundError) as caught:
        located(address, {})

    assert caught.value.message.isprintable()


def test_a_password_in_an_address_is_not_repeated():
    with pytest.raises(NotFoundError) as caught:
        located("https://name:s3cr3t@host/only", {})

    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(("kind", "api"), [("bitbucket", ""), ("github", "ftp://x"), ("github", "https://u:s3cr3t@x/"), ("github", "x.example.org"), ("github", "https://x/?a=b")])
def test_what_is_configured_wrongly_is_wrong_usage(kind, api):
    with pytest.raises(UsageError, match=r"is no (kind of forge|address)") as caught:
        located("git@github.com:o/r", {}, kind=kind, api=api)

    assert "s3cr3t" not in str(caught.value)


def at(api, kind="github"):
    return Place(kind, "https://x.example.org", api, "o/r")


HERE, ELSEWHERE = "https://git.example.org/api", "https://evil.example/api"
BELONGS = {
    "GH_TOKEN to github.com": (GITHUB, {"GH_TOKEN": "t"}, "GH_TOKEN"),
    "GH_TOKEN before GITHUB_TOKEN": (GITHUB, {"GH_TOKEN": "t", "GITHUB_TOKEN": "u"}, "GH_TOKEN"),
    "GH_TOKEN to no other host": (at(ELSEWHERE), {"GH_TOKEN": "t", "GITHUB_TOKEN": "t"}, None),
    "GH_TOKEN to no other address of the API": (GITHUB._replace(api=ELSEWHERE), {"GH_TOKEN": "t", "GITREG_FORGE_API": ELSEWHERE}, None),
    "GH_TOKEN not to a server of one's own": (at(HERE), {"GH_TOKEN": "t", "GH_HOST": "git.example.org"}, None),
    "GH_TOKEN to ghe.com where GH_HOST says so": (at("https://api.o.ghe.com"), {"GH_TOKEN": "t", "GH_HOST": "o.ghe.com"}, "GH_TOKEN"),
    "GH_TOKEN not to another ghe.com": (at("https://api.p.ghe.com"), {"GH_TOKEN": "t", "GH_HOST": "o.ghe.com"}, None),
    "GITHUB_TOKEN of Actions at its own server": (at(HERE), {"GITHUB_TOKEN": "t", "GITHUB_SERVER_URL": "https://git.example.org"}, "GITHUB_TOKEN"),
    "GITHUB_TOKEN of Actions not to github.com": (GITHUB, {"GITHUB_TOKEN": "t", "GITHUB_SERVER_URL": "https://git.example.org"}, None),
    "GITHUB_TOKEN of Gitea not to github.com": (GITHUB, {"GITHUB_TOKEN": "t", "GITEA_ACTIONS": "true"}, None),
    "GITHUB_TOKEN of Gitea's Actions to Gitea": (at(HERE, "gitea"), {"GITHUB_TOKEN": "t", "GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.example.org"}, "GITHUB_TOKEN"),
    "GH_ENTERPRISE_TOKEN to GH_HOST": (at(HERE), {"GH_ENTERPRISE_TOKEN": "t", "GH_HOST": "git.example.org"}, "GH_ENTERPRISE_TOKEN"),
    "GH_ENTERPRISE_TOKEN to nobody without": (at(HERE), {"GH_ENTERPRISE_TOKEN": "t"}, None),
    "GH_ENTERPRISE_TOKEN not to github.com": (GITHUB, {"GH_ENTERPRISE_TOKEN": "t", "GH_HOST": "git.example.org"}, None),
    "GITLAB_TOKEN to gitlab.com": (GROUPS, {"GITLAB_TOKEN": "t"}, "GITLAB_TOKEN"),
    "GITLAB_TOKEN to GITLAB_HOST": (at(HERE, "gitlab"), {"GITLAB_TOKEN": "t", "GITLAB_HOST": "git.example.org"}, "GITLAB_TOKEN"),
    "GITLAB_TOKEN of another host": (GROUPS, {"GITLAB_TOKEN": "t", "GITLAB_HOST": "git.example.org"}, None),
    "GITLAB_TOKEN not to a host that looks like one": (at(ELSEWHERE, "gitlab"), {"GITLAB_TOKEN": "t"}, None),
    "GITEA_TOKEN to GITEA_SERVER_URL": (at(HERE, "gitea"), {"GITEA_TOKEN": "t", "GITEA_SERVER_URL": "https://git.example.org/"}, "GITEA_TOKEN"),
    "GITEA_TOKEN not to Codeberg": (CODEBERG, {"GITEA_TOKEN": "t"}, None),
    "FORGEJO_TOKEN to Codeberg": (CODEBERG, {"FORGEJO_TOKEN": "t"}, "FORGEJO_TOKEN"),
    "none of another kind": (GITHUB, {"GITLAB_TOKEN": "t", "GITEA_TOKEN": "t"}, None),
    "none that is empty": (GITHUB, {"GH_TOKEN": " "}, None),
}


@pytest.mark.parametrize("case", BELONGS)
def test_a_token_goes_to_its_own_host_alone(case):
    place, env, variable = BELONGS[case]

    found = token(place, env)

    assert (found.variable if found else None) == variable


@pytest.mark.parametrize("secret", ["a\nb", "a b", "a\r\nHost: evil", "gehéim", "a\x00b"])
def test_what_cannot_be_a_token_is_named_by_its_variable_not_shown(secret):
    with pytest.raises(PolicyError, match="what GH_TOKEN holds is no token") as caught:
        token(GITHUB, {"GH_TOKEN": secret})

    assert secret not in str(caught.value)


def test_a_final_newline_of_a_secrets_file_does_no_harm():
    found = token(GITHUB, {"GH_TOKEN": "abc\n"})

    assert found
    assert found.secret == "abc"
    assert "abc" not in repr(found)


ADVICE = {
    "nothing is set": (GITHUB, {}, "set GH_TOKEN"),
    "a server of one's own": (at(HERE), {}, "set GH_ENTERPRISE_TOKEN, and GH_HOST to git.example.org"),
    "a token of gitlab.com": (at(HERE, "gitlab"), {"GITLAB_TOKEN": "t"}, "GITLAB_TOKEN is for gitlab.com, and this is git.example.org"),
    "a token of nobody": (at(HERE), {"GH_ENTERPRISE_TOKEN": "t"}, "GH_ENTERPRISE_TOKEN counts once GH_HOST says whose it is, and this is git.example.org"),
    "Codeberg": (CODEBERG, {}, "set FORGEJO_TOKEN"),
}


@pytest.mark.parametrize("case", ADVICE)
def test_advice_says_what_to_set(case):
    place, env, says = ADVICE[case]

    assert advice(place, env) == says
