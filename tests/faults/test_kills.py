"""Whatever moment a command is killed at, it goes on as if nothing had been."""

import shutil
import signal
import subprocess
import time

import pytest
from command_line import ROOT, command_of, started
from ill_robots import BLOCK
from killing import Work, alone, leftovers, survive

from vgps.codegen.folders import builds

CARTPOLE = ROOT / "tests" / "robots" / "cartpole.yaml"


def building(tmp_path):
    """A robot of its own, since there is no other place for what is built."""
    robot = tmp_path / "killed.yaml"
    robot.write_text(BLOCK.replace("name: block", "name: killed", 1), encoding="utf-8")

    def sources(folder):
        return {path.name: path.read_bytes() for path in folder.glob("*.c")}

    again = [("build", robot), ("build", robot, "--force")]
    return Work(builds() / "killed", again[0], lambda: again, sources)


def training(tmp_path):
    return learning(tmp_path, "--iterations", 5, "--finish", "none")


def finishing(tmp_path):
    return learning(tmp_path, "--iterations", 1)


def learning(tmp_path, *options):
    out = tmp_path / "run"
    begin = ("train", CARTPOLE, *options, "--out", out)

    def again():
        begun = (out / "config.yaml").exists() and (out / "robot.yaml").exists()
        return [begin, ("train", CARTPOLE, "--resume", out)] if begun else [begin]

    return Work(out, begin, again, policies)


def comparing(tmp_path):
    out = tmp_path / "comparison"
    few = ("--methods", "vgps", "dagger", "--hidden", 3, "--iterations", 2, "--seeds", 2)
    begin = ("compare", "--robots", CARTPOLE, *few, "--jobs", 2, "--out", out)
    return Work(out, begin, lambda: [begin], policies)


def policies(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("policy.npz")}


TRIES = 20  # of a pair, until they meet

WORKS = [building, training, finishing, comparing]


@pytest.fixture
def work(request, tmp_path):
    made = request.param(tmp_path)
    yield made
    shutil.rmtree(made.folder, ignore_errors=True)


@pytest.mark.parametrize(
    ("work", "kill"),
    [
        (building, signal.SIGKILL),
        (training, signal.SIGKILL),
        pytest.param(training, signal.SIGHUP, marks=pytest.mark.slow),
    ],
    indirect=["work"],
)
def test_a_kill(work, kill, tmp_path):
    survive(work, kill, 1, tmp_path / "log")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kill", "kills"),
    [
        (signal.SIGKILL, 100),
        (signal.SIGTERM, 17),
        (signal.SIGINT, 17),
        (signal.SIGHUP, 5),
    ],
)
@pytest.mark.parametrize("work", WORKS, indirect=True)
def test_many_kills(work, kill, kills, tmp_path, capsys):
    figure = survive(work, kill, kills, tmp_path / "log")
    with capsys.disabled():
        print(f"\n{work.begin[0]}: {figure}")


def race(work, arguments, logs):
    """Two commands at once, and what the one that lost says of the other; whether they met."""
    said = [log.open("w") for log in logs]
    commands = [command_of(*given) for given in arguments]
    two = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=file)
        for command, file in zip(commands, said, strict=True)
    ]
    statuses = [process.wait(600) for process in two]
    for file in said:
        file.close()
    if statuses == [0, 0]:  # on a busy machine one may end before the other gets to the folder
        return False
    assert sorted(statuses) == [0, 2], [log.read_text(encoding="utf-8") for log in logs]
    loser, winner = statuses.index(2), two[statuses.index(0)]
    sentence = logs[loser].read_text(encoding="utf-8")
    assert f"{work.folder} is being written by process {winner.pid} on " in sentence
    assert sentence.count("\n") == 1
    return True


def pairs(work, count, tmp_path):
    """So many that met; half of them begin a run, half continue one."""
    expected = alone(work)
    logs = [tmp_path / "a", tmp_path / "b"]
    for pair in range(count):
        for _ in range(TRIES):
            shutil.rmtree(work.folder)
            if pair % 2:
                with started(*work.begin):  # and killed
                    while not (work.folder / "checkpoint.npz").exists():
                        time.sleep(0.01)
            met = race(work, [work.begin, work.again()[-1]], logs)
            assert work.result(work.folder) == expected
            assert not leftovers(work.folder)
            if met:
                break
        assert met


@pytest.mark.parametrize("work", [training], indirect=True)
def test_two_writers_of_a_folder(work, tmp_path):
    pairs(work, 1, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("work", [training], indirect=True)
def test_many_pairs_of_writers(work, tmp_path, capsys):
    pairs(work, 20, tmp_path)
    with capsys.disabled():
        print("\n20 pairs: one of each ended with 0, one with 2; same bits as alone")
