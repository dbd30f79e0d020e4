"""Exported policies act as the policy does: in plain Python, in compiled C, in ONNX's runtime."""

import ctypes
import json
import math
import subprocess
import sys

import numpy as np
import pytest

from vgps.codegen.toolchain import find_toolchain
from vgps.experiments.errors import ExportError
from vgps.experiments.export import c_header, json_file, onnx_file
from vgps.experiments.export.card import card
from vgps.policy.gaussian import Policy
from vgps.policy.observation import observation_of


@pytest.fixture(scope="module", params=["cartpole", "rocket"])
def model(request):
    """One that sees coordinates without limits to some, one whose limits are not symmetric."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def policy(model):
    rng = np.random.default_rng(3)
    seen = observation_of(model)
    n_in, nu, n_hidden = len(seen.indices), model.nu, 6
    W1, W2 = rng.normal(size=(n_hidden, n_in)), 10.0 * rng.normal(size=(nu, n_hidden))
    b1, b2 = rng.normal(size=n_hidden), rng.normal(size=nu)
    return Policy(seen.indices, W1, b1, W2, b2, np.zeros(nu))


@pytest.fixture(scope="module")
def states(model):
    """Some far out, where a softplus that is written carelessly overflows."""
    rng = np.random.default_rng(4)
    return rng.normal(size=(40, model.nx)) * np.geomspace(0.1, 1000.0, 40)[:, None]


def test_json_acts_alike_in_plain_python(model, policy, states):
    read = json.loads(json_file.to_json(card(model, policy)))
    for x in states:
        state = dict(zip(model.x_names, x, strict=True))
        o = [state[each["name"]] for each in read["o"]]
        z = [
            sum(w * s for w, s in zip(row, o, strict=True)) + b
            for row, b in zip(read["W1"], read["b1"], strict=True)
        ]
        h = [max(v, 0.0) + math.log1p(math.exp(-abs(v))) for v in z]
        u = [
            sum(w * a for w, a in zip(row, h, strict=True)) + b
            for row, b in zip(read["W2"], read["b2"], strict=True)
        ]
        assert u == pytest.approx(policy.mean(x), rel=1e-12, abs=1e-12)


def test_json_says_what_its_numbers_mean(model, policy):
    read = json.loads(json_file.to_json(card(model, policy)))
    assert (read["robot"], read["dt"]) == (model.robot.name, model.dt)
    assert [each["name"] for each in read["u"]] == list(model.u_names)
    assert all(each["unit"] in ("m", "rad", "m/s", "rad/s") for each in read["o"])
    for each, low, high in zip(read["u"], *model.limits, strict=True):
        assert (each["low"] or -math.inf, each["high"] or math.inf) == (low, high)
    for name in ("W1", "b1", "W2", "b2"):
        np.testing.assert_array_equal(read[name], getattr(policy, name))


def test_the_header_acts_alike_in_c(model, policy, states, tmp_path):
    text = c_header.to_c(card(model, policy))
    name = model.robot.name
    source, library = tmp_path / "act.c", tmp_path / "act.so"
    (tmp_path / "policy.h").write_text(text)
    # Twice, as from two files of a program.
    call = f"void act(const double *o, double *u) {{ {name}_policy(o, u); }}"
    limits = f"double limit(int high, int i) {{ return (high ? {name}_high : {name}_low)[i]; }}"
    source.write_text('#include "policy.h"\n' * 2 + f"{call}\n{limits}\n")
    command = [*find_toolchain().command, "-std=c99", "-Wall", "-Wextra", "-Werror", "-O2", "-fPIC"]
    subprocess.run([*command, "-shared", str(source), "-o", str(library), "-lm"], check=True)
    compiled = ctypes.CDLL(str(library))
    u = np.empty(model.nu)
    for x in states:
        o = np.ascontiguousarray(policy.observation(x))
        compiled.act(ctypes.c_void_p(o.ctypes.data), ctypes.c_void_p(u.ctypes.data))
        assert u == pytest.approx(policy.mean(x), rel=1e-12, abs=1e-12)
    compiled.limit.restype = ctypes.c_double
    limits = [[compiled.limit(high, i) for i in range(model.nu)] for high in (0, 1)]
    np.testing.assert_array_equal(limits, model.limits)


def test_onnx_acts_alike_in_its_runtime(model, policy, states):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(
        onnx_file.to_onnx(card(model, policy)), providers=["CPUExecutionProvider"]
    )
    near = states[:20]
    o = policy.observation(near).astype(np.float32)
    (u,) = session.run(["u"], {"o": o})
    expected = policy.mean(near)
    np.testing.assert_allclose(u, expected, atol=1e-6 * np.abs(expected).max())
    assert session.get_modelmeta().custom_metadata_map["robot"] == model.robot.name


def test_onnx_without_its_package_is_one_sentence(model, policy, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ExportError, match="needs the package onnx, which is not installed: pip"):
        onnx_file.to_onnx(card(model, policy))


def test_nothing_that_is_seen_ends_the_comment(model, policy):
    told = card(model, policy)._replace(sees=("a */ int evil(); /*",) * len(policy.observed))
    comment, _, rest = c_header.to_c(told).partition("*/")
    assert "evil" in comment and "evil" not in rest
