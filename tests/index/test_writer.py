"""The index as files: what they say, the same whatever came before, whole, and never somebody else's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitreg import Registry
from gitreg.errors import BusyError, ConflictError, GitregError, InvalidError, NotFoundError
from gitreg.folder import alone
from gitreg.index import files as lay
from gitreg.index import ledger, writer
from tests.index.conftest import files

STAGES = ("development", "staging", "production")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "www" / "index"


def said(folder: Path, path: str) -> object:
    return json.loads((folder / path).read_bytes())


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what changes when a file is written anew."""
    return {str(path.relative_to(folder)): ((found := path.stat()).st_ino, found.st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def edited(registry: Registry, path: str, text: str | None) -> None:
    """Commit a file as a person might, or its removal."""
    place = Path(registry.root) / path
    if text is None:
        place.unlink()
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    subprocess.run(["git", "-C", registry.root, "add", "-A"], check=True)
    subprocess.run(["git", "-C", registry.root, "commit", "-qm", "by hand"], check=True)


def test_an_index_has_a_file_for_each_stage_of_each_model(iris, out):
    iris.register("team/nlp/small")

    done = iris.export(out)

    each = {f"models/{model}@{what}.json" for model in ("iris", "team/nlp/small") for what in ("", "latest", *STAGES)}
    assert set(files(out)) == each | {"index.json", "models.json", "export.json"}
    assert (done.models, done.files, done.removed, done.commit) == (2, len(each) + 3, 0, iris.snapshot().commit)


def test_a_stages_file_is_the_json_of_show_without_the_commit(iris, out):
    iris.export(out)

    assert said(out, "models/iris@production.json") == {**iris.get("iris@production").as_dict(), "commit": None}
    assert said(out, "models/iris@latest.json") == {**iris.get("iris").as_dict(), "commit": None}


def test_a_vacant_stage_has_a_file_that_says_so(iris, out):
    iris.export(out)

    assert said(out, "models/iris@development.json") == {"id": None, "model": "iris", "number": None, "version": None, "stage": "development"}


def test_a_model_without_a_version_that_is_ready_has_no_latest(registry, out):
    registry.register("iris", status="running")

    registry.export(out)

    assert said(out, "models/iris@latest.json") == {"id": None, "model": "iris", "number": None, "version": None, "stage": None}
    assert said(out, "models/iris@.json")["latest"] is None


def test_what_tells_of_a_model_and_of_all_models_is_small(iris, out):
    iris.update_model("iris", description="flowers")
    iris.export(out)

    about = said(out, "models/iris@.json")

    assert about.pop("card")["description"] == "flowers"
    assert about == {
        "name": "iris", "versions": 3, "latest": {"number": 3, "version": "3"},
        "stages": {"development": None, "staging": {"number": 2, "version": "2"}, "production": {"number": 1, "version": "1"}},
    }  # fmt: skip
    assert said(out, "models.json") == [row.as_dict() for row in iris.models()]
    assert said(out, "index.json") == {"gitreg": "index", "format": 1, "stages": list(STAGES)}


def test_a_promotion_writes_only_what_it_changed(iris, out):
    iris.register("other")
    iris.export(out)
    before = stamps(out)
    iris.promote("iris@2", "production")

    done = iris.export(out)

    changed = {name for name, stamp in stamps(out).items() if stamp != before[name]}
    assert changed == {"models/iris@staging.json", "models/iris@production.json", "models/iris@.json", "models.json", "export.json"}
    assert done.written == len(changed) + 1  # the ledger before and after


def test_a_commit_that_changes_no_version_writes_nothing(iris, out):
    iris.export(out)
    before = stamps(out)
    edited(iris, "README.md", "words")

    done = iris.export(out)

    assert stamps(out) == before
    assert (done.written, done.removed) == (0, 0)


def test_a_model_that_did_not_change_is_not_read(iris, out):
    iris.register("other")
    iris.export(out)
    iris.promote("iris@2", "production")
    with Registry.open(iris.path) as fresh:
        snapshot = fresh.snapshot()

        writer.exported(lambda: snapshot, str(out))

        assert [path for path in snapshot._read if path.startswith("models/other")] == []


def test_a_file_that_is_written_anew_is_newer_by_a_second_at_least(iris, out):
    mine = out / "models/iris@production.json"
    seconds = []
    for number in (2, 3, 1, 2):
        iris.promote(f"iris@{number}", "production")
        iris.export(out)
        seconds.append(int(mine.stat().st_mtime))

    assert seconds == sorted(set(seconds))


def test_a_deleted_model_is_gone(iris, out):
    iris.register("team/other")
    iris.export(out)
    iris.delete_model("team/other", reason="gone")

    done = iris.export(out)

    assert done.removed == 5
    assert not (out / "models/team").exists()
    assert [row["name"] for row in said(out, "models.json")] == ["iris"]


def test_a_stage_that_is_no_more_is_gone_with_all_its_files(iris, out):
    iris.export(out)
    edited(iris, "gitreg.yaml", "format: 1\nstages:\n  staging: {}\n  production: {}\n")
    edited(iris, "models/iris/stages.yaml", "staging:\n  number: 2\n  previous: []\n\nproduction:\n  number: 1\n  previous: []\n\narchived: []\n")

    iris.export(out)

    assert not (out / "models/iris@development.json").exists()
    assert said(out, "index.json")["stages"] == ["staging", "production"]


# -- the same whatever came before ------------------------------------------------------------------------

STEPS = {
    "a promotion": lambda registry: registry.promote("iris@2", "production"),
    "a rollback": lambda registry: (registry.promote("iris@3", "production"), registry.rollback("iris", "production")),
    "a version": lambda registry: registry.register("iris", metrics={"accuracy": 0.99}),
    "a model": lambda registry: registry.register("team/other"),
    "a card": lambda registry: registry.update_model("iris", description="flowers"),
    "a yank": lambda registry: registry.yank("iris@3", reason="bad"),
    "a deletion": lambda registry: registry.delete_model("iris", reason="gone", force=True),
    "another stage": lambda registry: edited(registry, "gitreg.yaml", "format: 1\nstages:\n  canary: {}\n  development: {}\n  staging: {}\n  production: {}\n"),
    "nothing": lambda registry: None,
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("etags", [False, True])
def test_an_export_that_goes_on_gives_the_files_of_one_from_nothing(step, etags, iris, out, tmp_path):
    iris.export(out, etags=etags)
    STEPS[step](iris)

    iris.export(out, etags=etags)
    iris.export(tmp_path / "anew", etags=etags)

    assert files(out) == files(tmp_path / "anew")


OPERATIONS = st.one_of(
    st.tuples(st.just("register"), st.sampled_from(["a", "b", "team/c"])),
    st.tuples(st.just("promote"), st.sampled_from(["a", "b", "team/c"]), st.integers(1, 4), st.sampled_from(STAGES)),
    st.tuples(st.just("rollback"), st.sampled_from(["a", "b"]), st.sampled_from(STAGES)),
    st.tuples(st.just("archive"), st.sampled_from(["a", "b"]), st.integers(1, 4)),
    st.tuples(st.just("yank"), st.sampled_from(["a", "b"]), st.integers(1, 4)),
    st.tuples(st.just("delete"), st.sampled_from(["b"])),
    st.tuples(st.just("export"), st.booleans()),
)


def perform(registry: Registry, folder: Path, operation: tuple) -> None:
    match operation:
        case ("register", model):
            registry.register(model, metrics={"m": 0.5})
        case ("promote", model, number, stage):
            registry.promote(f"{model}@{number}", stage)
        case ("rollback", model, stage):
            registry.rollback(model, stage)
        case ("archive", model, number):
            registry.archive(f"{model}@{number}")
        case ("yank", model, number):
            registry.yank(f"{model}@{number}", reason="bad", force=True)
        case ("delete", model):
            registry.delete_model(model, reason="gone", force=True)
        case ("export", etags):
            registry.export(folder, etags=etags)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(OPERATIONS, min_size=3, max_size=12))
def test_after_any_writes_the_index_is_that_of_an_export_from_nothing_and_says_what_the_registry_says(hermetic, operations):
    with tempfile.TemporaryDirectory() as folder, Registry.init(f"{folder}/registry") as registry:
        for operation in operations:
            try:
                perform(registry, Path(folder) / "index", operation)
            except GitregError:
                continue

        registry.export(f"{folder}/index", etags=False)
        registry.export(f"{folder}/anew")

        assert files(f"{folder}/index") == files(f"{folder}/anew")
        for row in registry.models():
            for what in ("latest", *STAGES):
                data = Path(folder, "index", lay.version(row.name, what)).read_bytes()
                assert lay.read_version(data, row.name, what) == _now(registry, f"{row.name}@{what}")


def _now(registry: Registry, selector: str) -> object:
    try:
        return msgspec.structs.replace(registry.get(selector), commit=None)
    except NotFoundError:
        return None


def test_the_bytes_of_an_edition_are_settled(registry, out):
    """Whoever changes them raises ``writer.EDITION``: an export that goes on would leave the others as they were."""
    registry.register("iris", metrics={"accuracy": 0.97})
    registry.export(out)

    kinds = {path: list(json.loads(data)) for path, data in files(out).items() if path in ("models/iris@latest.json", "models/iris@.json", "index.json")}

    assert writer.EDITION == 1
    assert kinds == {
        "index.json": ["gitreg", "format", "stages"],
        "models/iris@.json": ["name", "versions", "latest", "stages", "card"],
        "models/iris@latest.json": [
            "id", "model", "number", "version", "stage", "status", "created_at", "created_by", "description", "tags", "metrics", "params",
            "metadata", "artifacts", "links", "run", "later_runs", "yanked", "commit",
        ],
    }  # fmt: skip


# -- what is wrong, and what is in the way ----------------------------------------------------------------


def test_a_model_that_cannot_be_read_keeps_its_files_and_the_others_are_exported(iris, out):
    iris.register("other")
    iris.export(out)
    before = files(out)
    edited(iris, "models/iris/stages.yaml", "production: [\n")
    iris.promote("other@1", "production")

    with pytest.raises(InvalidError, match="the model keeps the files that it had; all others were exported") as caught:
        iris.export(out)

    assert caught.value.path == "models/iris/stages.yaml"
    after = files(out)
    assert {name for name in after if after[name] != before[name]} == {"models/other@production.json", "models/other@latest.json", "models/other@.json", "models.json", "export.json"}
    assert [row["name"] for row in said(out, "models.json")] == ["iris", "other"]


def test_a_model_that_can_be_read_again_is_exported_again(iris, out, tmp_path):
    iris.export(out)
    was = (Path(iris.root) / "models/iris/stages.yaml").read_text()
    edited(iris, "models/iris/stages.yaml", "production: [\n")
    with pytest.raises(InvalidError):
        iris.export(out)
    edited(iris, "models/iris/stages.yaml", was.replace("number: 1", "number: 3"))

    iris.export(out)
    iris.export(tmp_path / "anew")

    assert files(out) == files(tmp_path / "anew")
    assert said(out, "models/iris@production.json")["number"] == 3


def test_several_models_that_cannot_be_read_are_counted(iris, out):
    iris.register("other")
    for model in ("iris", "other"):
        edited(iris, f"models/{model}/stages.yaml", "production: [\n")

    with pytest.raises(InvalidError, match="and 1 more model cannot be read: they keep"):
        iris.export(out)


def test_an_invalid_gitreg_yaml_writes_nothing(iris, out):
    iris.export(out)
    before = stamps(out)
    edited(iris, "gitreg.yaml", "format: 1\nstages: []\n")

    with pytest.raises(InvalidError, match=r"^gitreg\.yaml:"):
        iris.export(out)

    assert stamps(out) == before


def test_names_that_differ_in_case_alone_do_not_write_over_each_other(iris, out):
    iris.export(out)
    before = files(out)
    for name in ("model.yaml", "stages.yaml", "versions/1.yaml"):
        text = (Path(iris.root) / "models/iris" / name).read_text()
        edited(iris, f"models/Iris/{name}", text.replace("name: iris", "name: Iris"))

    with pytest.raises(InvalidError, match="differs from 'Iris' only in case"):
        iris.export(out)

    assert {name: data for name, data in files(out).items() if name != "export.json"} == {name: data for name, data in before.items() if name != "export.json"}


def test_models_that_stand_in_each_others_folders_have_files_of_their_own(iris, out):
    """The registry is unsound (R06), but nobody's files are written over."""
    for name in ("model.yaml", "stages.yaml", "versions/1.yaml", "versions/2.yaml"):
        text = (Path(iris.root) / "models/iris" / name).read_text()
        edited(iris, f"models/team/stages/{name}", text.replace("name: iris", "name: team/stages"))
        edited(iris, f"models/team/{name}", text.replace("name: iris", "name: team"))

    iris.export(out)

    assert said(out, "models/team@production.json")["model"] == "team"


def test_files_of_others_are_left_alone(iris, out):
    (out / "models").mkdir(parents=True)
    (out / "CNAME").write_text("mine")
    (out / "models" / "notes.txt").write_text("mine")

    iris.export(out)
    iris.delete_model("iris", reason="gone", force=True)
    iris.export(out)

    assert set(files(out)) == {"CNAME", "models/notes.txt", "index.json", "models.json", "export.json"}


@pytest.mark.parametrize("path", ["index.json", "models/iris@production.json", "export.json"])
def test_a_file_in_the_way_is_refused_before_anything_is_written(path, iris, out):
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    (out / path).write_text("mine")

    with pytest.raises(ConflictError, match="is there already, and gitreg export did not write it"):
        iris.export(out)

    assert files(out) == {path: b"mine"}


def test_a_link_in_the_way_is_refused(iris, out, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    out.mkdir(parents=True)
    (out / "models").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConflictError, match="is a link, and gitreg export writes into its own folders only"):
        iris.export(out)

    assert files(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize("path", ["", "models", ".git/index.d"])
def test_the_registrys_own_folders_are_refused(path, iris):
    with pytest.raises(ConflictError, match="has the registry's own files"):
        iris.export(Path(iris.root) / path)


def test_what_somebody_removed_comes_back(iris, out):
    iris.export(out)
    before = files(out)
    (out / "models/iris@production.json").unlink()

    iris.export(out)

    assert files(out) == before


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"models": {"../../x": ["", null]}}', b'{"format": 2}', b"\xff"])
def test_a_ledger_that_is_none_is_as_if_there_were_none(data):
    assert list(ledger.read(data).paths()) == []


def test_what_a_kill_left_is_put_right(iris, out, tmp_path):
    """Whatever the moment: the ledger of an unfinished export says which files count."""
    iris.export(out)
    iris.promote("iris@2", "production")
    iris.register("other")

    class KilledError(BaseException):
        pass

    snapshot = iris.snapshot()
    for after in range(1, 14):
        export = writer._Export(snapshot, ledger.read((out / "export.json").read_bytes()), str(out), etags=False)
        real, left = export._folder.write, iter(range(after))

        def write(path: str, data: bytes, *, durable: bool = False, real=real, left=left) -> None:
            if next(left, None) is None:
                raise KilledError
            real(path, data, durable=durable)

        export._folder.write = write
        try:
            export.run(lambda _done, _of: None)
        except KilledError:
            (out / "models/iris@production.json.7.part").write_text("half")

    iris.export(out)
    iris.export(tmp_path / "anew")

    assert files(out) == files(tmp_path / "anew")


def test_exports_at_once_follow_each_other(iris, out, tmp_path):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: iris.export(out), range(8)))

    iris.export(tmp_path / "anew")
    assert files(out) == files(tmp_path / "anew")


def waits_for(folder: Path) -> bool:
    """Tell whether somebody waits for the lock on *folder*."""
    return any(" -> " in line and line.split()[6].endswith(f":{folder.stat().st_ino}") for line in Path("/proc/locks").read_text().splitlines())


def test_what_was_killed_with_the_same_process_id_is_not_in_the_way(iris, out, tmp_path):
    iris.export(out)
    for path in ("export.json", "models/iris@production.json"):
        (out / f"{path}.{os.getpid()}.part").write_bytes(b"half")
    iris.promote("iris@3", "production")

    iris.export(out)

    iris.export(tmp_path / "anew")
    assert files(out) == files(tmp_path / "anew")


def test_an_export_that_had_to_wait_does_not_bring_back_what_was_before(iris, out):
    out.mkdir(parents=True)
    with ThreadPoolExecutor(1) as pool, alone(str(out)):
        waiting = pool.submit(iris.export, out)
        while not waits_for(out):
            pass
        iris.promote("iris@3", "production", reason="while it waits")
        (out / "mine").write_text("so that the folder stays")

    assert waiting.result().commit == iris.snapshot().commit
    assert json.loads((out / "models" / "iris@production.json").read_bytes())["number"] == 3


def test_a_folder_that_cannot_be_made_is_told(iris, tmp_path):
    (tmp_path / "file").write_text("mine")

    with pytest.raises(BusyError, match="cannot be written"):
        iris.export(tmp_path / "file" / "index")


def test_a_past_registry_can_be_exported(iris, out):
    iris.at("HEAD~1").export(out)

    assert said(out, "models/iris@staging.json")["number"] is None


def test_the_ids_are_those_that_git_gives(iris, out):
    iris.export(out, etags=True)

    listed = dict(line.rstrip(";").split() for line in (out / "etags.nginx").read_text().splitlines())
    told = {path: subprocess.run(["git", "hash-object", str(out / path)], capture_output=True, text=True, check=True).stdout.strip() for path in listed}
    assert set(listed) == set(files(out)) - {"export.json", "etags.nginx"}
    assert {path: tag.strip("'\"") for path, tag in listed.items()} == told


def test_ids_are_listed_only_where_they_are_asked_for(iris, out):
    iris.export(out)
    plain = files(out)
    iris.export(out, etags=True)

    iris.export(out, etags=False)

    assert files(out) == plain


def test_a_list_of_ids_that_a_server_includes_is_made_again_by_who_does_not_ask_for_it(iris, out):
    iris.export(out, etags=True)
    before = (out / "etags.nginx").read_text()
    iris.promote("iris@3", "production")

    iris.export(out)

    after = (out / "etags.nginx").read_text()
    assert after.count("\n") == before.count("\n")
    assert after != before


def test_the_index_of_another_registry_is_not_emptied(iris, out, tmp_path):
    iris.export(out)
    before = files(out)
    with Registry.init(tmp_path / "other") as other:
        other.register("churn")

        with pytest.raises(ConflictError, match="tells of model 'iris', which this registry does not have"):
            other.export(out)
        assert files(out) == before
        other.export(out, force=True)

    assert min(path for path in files(out) if "/" in path) == "models/churn@.json"
    assert not any("iris" in path for path in files(out))


def test_a_model_that_cannot_be_read_is_on_the_board_of_a_first_export(iris, out):
    iris.register("other")
    edited(iris, "models/iris/stages.yaml", "production: 7\n")

    with pytest.raises(InvalidError):
        iris.export(out)

    assert [row["name"] for row in json.loads((out / "models.json").read_text())] == ["iris", "other"]
    assert not (out / "models/iris@.json").exists()


def test_the_work_is_told(iris, out):
    heard = []

    iris.register("other")
    iris.export(out, watch=lambda done, total: heard.append((done, total)))

    assert heard == [(1, 2), (2, 2)]


def test_many_models_are_exported(registry, out):
    with registry.transaction() as tx:
        for number in range(30):
            tx.register(f"m{number}")
            tx.promote(f"m{number}@1", "production")

    done = registry.export(out)

    assert (done.models, len(files(out))) == (30, 153)


# -- durable ----------------------------------------------------------------------------------------------


def test_what_the_ledger_says_is_on_disk_before_it_says_so(iris, out, tmp_path):
    """A power cut leaves a ledger that knows which files count: begun before the first file changes, finished after the last one is safe."""
    iris.export(out)
    iris.promote("iris@2", "production")
    program = f"from gitreg import Registry\nRegistry.open({iris.path!r}).export({str(out)!r})\n"
    log = tmp_path / "log"

    subprocess.run(["strace", "-f", "-y", "-s", "300", "-e", "trace=fsync,rename,renameat2", "-o", log, sys.executable, "-c", program], check=True, capture_output=True)

    calls = [call for call in log.read_text().splitlines() if str(out) in call and " = -1 " not in call]
    renames = [at for at, call in enumerate(calls) if "rename" in call]
    assert [Path(calls[at].split('"')[3]).name for at in renames] == ["export.json", "iris@staging.json", "iris@production.json", "iris@.json", "models.json", "export.json"]
    for at in renames:
        assert "<" + calls[at].split('"')[1] + ">" in calls[at - 1], "synced, then named"
    folders = [at for at, call in enumerate(calls) if "fsync" in call and call.partition("<")[2].partition(">")[0] in (str(out), str(out / "models"))]
    assert renames[0] < folders[0] < renames[1]
    assert {at for at in folders if renames[-2] < at < renames[-1]}
    assert folders[-1] > renames[-1]
