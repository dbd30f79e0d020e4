"""Evaluations in SIMD lanes: their functions against NumPy's, their C against the scalar."""

import ctypes

import casadi as ca
import numpy as np
import pytest

from vgps.codegen.emission.c_syntax import LANES, SCALAR
from vgps.codegen.emission.emit import emit, emit_batch, sizes
from vgps.codegen.folders import PACKAGE
from vgps.codegen.toolchain import find_toolchain

LOOPS = PACKAGE / "codegen" / "c"
# Eight lanes where the processor has AVX-512, then four and two; elsewhere there are two anyway.
NARROWER = [[], ["-mno-avx512f"], ["-mno-avx512f", "-mno-avx2"]]
SPECIAL = [0.0, -0.0, 5e-324, -5e-324, 1e-310, 1.0, -1.0, 1.7e308, -1.7e308]
SPECIAL += [np.inf, -np.inf, np.nan]


@pytest.fixture(scope="module", params=NARROWER, ids=["native", "without-avx512", "without-avx2"])
def compile_functions(request, tmp_path_factory):
    """The library of some CasADi functions, as `robot_NAME` and `robot_NAME_batch`."""
    toolchain = find_toolchain()
    if request.param and "__x86_64__" not in toolchain.fingerprint:
        pytest.skip("another kind of processor")
    if request.param == NARROWER[1] and "__AVX512F__" not in toolchain.fingerprint:
        pytest.skip("this one has none, so that these lanes are the native ones")

    def compile_them(*functions):
        folder = tmp_path_factory.mktemp("lanes")
        parts = ["#include <limits.h>\n#include <math.h>\n#include <string.h>"]
        parts += [
            (LOOPS / name).read_text(encoding="utf-8")
            for name in ("lanes.c", "lanes_math.c", "softplus.c", "batch.c")
        ]
        for f in functions:
            parts += [emit(f), emit(f, LANES), emit_batch(f.name(), *sizes(f))]
        (folder / "f.c").write_text("\n".join(parts), encoding="utf-8")
        narrower = toolchain._replace(flags=(*toolchain.flags, *request.param))
        narrower.compile(folder / "f.c", folder / "f.so")
        return ctypes.CDLL(str(folder / "f.so"))

    return compile_them


def call(function, *arguments):
    function(
        *(
            ctypes.c_long(a) if isinstance(a, int) else ctypes.c_void_p(a.ctypes.data)
            for a in arguments
        )
    )


def signed_logarithmic(rng, low, high, n=20_000):
    return rng.choice([-1.0, 1.0], n) * np.exp(rng.uniform(np.log(low), np.log(high), n))


def near_quarter_turns(rng):
    """The doubles next to multiples of pi/2, where a sine or cosine nearly vanishes."""
    pi = np.longdouble(np.pi) + np.longdouble(1.2246467991473532e-16)
    x = (np.arange(-63_661, 63_662) * pi / 2).astype(float)
    return np.concatenate([x, np.nextafter(x, np.inf), np.nextafter(x, -np.inf)])


ACCURATE = {
    "sin": [
        lambda rng: signed_logarithmic(rng, 1e-320, 1e300),
        lambda rng: rng.uniform(-10, 10, 50_000),
        lambda rng: rng.uniform(-1e5, 1e5, 50_000),
        near_quarter_turns,
    ],
    "exp": [
        lambda rng: rng.uniform(-750, 715, 50_000),
        lambda rng: rng.uniform(-2, 2, 50_000),
        lambda rng: signed_logarithmic(rng, 1e-320, 1e3),
    ],
    "log": [
        lambda rng: np.abs(signed_logarithmic(rng, 1e-320, 1e308)),
        lambda rng: rng.uniform(0.3, 3, 50_000),
        lambda rng: 1 + signed_logarithmic(rng, 1e-16, 0.5),
    ],
    "log1p": [
        lambda rng: np.abs(signed_logarithmic(rng, 1e-320, 1e308)),
        lambda rng: rng.uniform(-1, 3, 50_000),
        lambda rng: signed_logarithmic(rng, 1e-320, 0.99),
    ],
}
ACCURATE["cos"] = ACCURATE["sin"]


def test_accurate_functions(compile_functions):
    """Within 1.5 units of the last place of NumPy's long doubles, and exact at the edges."""
    x = ca.SX.sym("x")
    library = compile_functions(
        *(ca.Function(f"the_{n}", [x], [getattr(ca, n)(x)]) for n in ACCURATE)
    )
    rng = np.random.default_rng(0)
    for name, samples in ACCURATE.items():
        x = np.concatenate([*(draw(rng) for draw in samples), SPECIAL])
        y = np.full_like(x, np.nan)
        call(getattr(library, f"robot_the_{name}_batch"), len(x), x, y)
        with np.errstate(all="ignore"):
            exact = getattr(np, name)(x.astype(np.longdouble))
            rounded = exact.astype(float)
            plain = np.isfinite(rounded)
            error = np.abs(y - exact)[plain] / np.spacing(np.abs(rounded[plain]))
        assert error.max() < 1.5, (name, x[plain][np.argmax(error)])
        np.testing.assert_array_equal(y[~plain], rounded[~plain])
        zero = rounded == 0.0
        np.testing.assert_array_equal(np.signbit(y[zero]), np.signbit(rounded[zero]))


def test_the_tail_of_softplus(compile_functions):
    """One call in place of three: within 2 units of the last place, and nothing from 40 on.

    Neighbours far and near change nothing.
    """
    z = ca.SX.sym("z")
    f = ca.Function("tail", [z], [ca.log1p(ca.exp(-ca.fabs(z)))], ["z"], ["y"])
    assert "softplus_tail" in emit(f) and "exp" not in emit(f, LANES)
    rng = np.random.default_rng(5)
    parts = [rng.uniform(-45, 45, 50_000), rng.uniform(12, 40, 10_000), rng.uniform(-1, 1, 10_000)]
    parts += [np.linspace(0.87, 0.89, 5000), rng.uniform(40, 800, 1000), np.array(SPECIAL)]
    x = np.concatenate(parts)
    library = compile_functions(f)
    for order in (np.arange(len(x)), rng.permutation(len(x))):
        y, scalar = np.full((2, len(x)), np.nan)
        shuffled = np.ascontiguousarray(x[order])
        call(library.robot_tail_batch, len(x), shuffled, y)
        for i in range(len(x)):
            call(library.robot_tail, shuffled[i:], scalar[i:])
        exact = np.log1p(np.exp(-np.abs(shuffled.astype(np.longdouble))))
        near = np.abs(shuffled) < 40
        for found in (y, scalar):
            error = np.abs(found - exact)[near] / np.spacing(exact[near].astype(float))
            assert error.max() < 2
            np.testing.assert_array_equal(found[np.abs(shuffled) >= 40], 0.0)
            np.testing.assert_array_equal(np.isnan(found), np.isnan(shuffled))


def test_what_a_derivative_uses_besides_is_left_alone():
    z = ca.SX.sym("z")
    tail = ca.log1p(ca.exp(-ca.fabs(z)))
    f = ca.Function("both", [z], [tail, ca.jacobian(tail, z)], ["z"], ["y", "y_z"])
    assert "softplus_tail" not in emit(f) and "log1p(" in emit(f)


def near_eighths(rng):
    """Points (y, x) next to the rays where the angle is computed another way, far and near."""
    at = np.append(np.arange(-8, 9) * np.pi / 8, np.arctan2(*np.meshgrid([7, -7], [16, -16])))
    turned = at[:, None] + np.concatenate([[0.0], signed_logarithmic(rng, 1e-17, 1e-3, 200)])
    length = np.exp(rng.uniform(np.log(1e-200), np.log(1e200), turned.shape))
    return (length * np.sin(turned)).ravel(), (length * np.cos(turned)).ravel()


QUADRANTS = {
    "anywhere": lambda rng: rng.uniform(-1, 1, (2, 100_000)),
    "magnitudes": lambda rng: [signed_logarithmic(rng, 1e-320, 1e308) for _ in range(2)],
    "near the axes": lambda rng: [
        signed_logarithmic(rng, 1e-12, 1e-2),
        signed_logarithmic(rng, 0.1, 10),
    ],
    "near eighths": near_eighths,
    "edges": lambda rng: [z.ravel().copy() for z in np.meshgrid(SPECIAL, SPECIAL)],
}


def test_the_angle_of_a_point(compile_functions):
    """Within 2 units of the last place in all quadrants; as C has it at zeros and infinities."""
    y, x = ca.SX.sym("y"), ca.SX.sym("x")
    library = compile_functions(ca.Function("angle", [y, x], [ca.atan2(y, x)]))
    rng = np.random.default_rng(0)
    for name, draw in QUADRANTS.items():
        first, second = draw(rng)
        for y, x in ((first, second), (second, first)):
            found = np.full_like(x, np.nan)
            call(library.robot_angle_batch, len(x), y, x, found)
            with np.errstate(all="ignore"):
                exact = np.arctan2(y.astype(np.longdouble), x.astype(np.longdouble))
                rounded = exact.astype(float)
                error = np.abs(found - exact) / np.spacing(np.abs(rounded))
            plain = np.isfinite(rounded)
            np.testing.assert_array_equal(plain, np.isfinite(found))
            assert error[plain].max() < 2.0, (name, np.nanargmax(error))
            np.testing.assert_array_equal(np.signbit(found[plain]), np.signbit(rounded[plain]))


def instructions() -> ca.Function:
    """Every instruction that the emitter knows, each in an output of its own."""
    a, b = ca.SX.sym("a"), ca.SX.sym("b")
    positive = ca.fabs(a) + 0.1
    results = [a + b, a - b, a * b, a / b, -a, a**2, 2 * a, 1 / b, ca.sqrt(positive)]
    results += [positive**b, positive**2.5, ca.fmin(a, b), ca.fmax(a, b), ca.fabs(a), ca.sign(a)]
    results += [a < b, a <= b, a == b, a != b, ca.logic_and(a, b), ca.logic_or(a, b)]
    results += [ca.logic_not(a), ca.if_else(a < b, a, 3.0), ca.if_else(a, b, 0.0)]
    results += [f(a) for f in (ca.sin, ca.cos, ca.tan, ca.exp, ca.tanh, ca.ceil)]
    results += [ca.atan2(a, b)]
    results += [ca.log(positive), ca.log1p(positive), ca.SX(2.5), ca.SX(-1.0)]
    return ca.Function("all", [a, b], [ca.vertcat(*results)], ["a", "b"], ["y"])


def test_every_instruction_in_lanes(compile_functions):
    f = instructions()
    used = {f.instruction_id(k) for k in range(f.n_instructions())}
    assert used >= set(SCALAR.operators) - {ca.OP_ASSIGN}
    assert set(LANES.operators) == set(SCALAR.operators)
    library = compile_functions(f)
    values = [-3.0, -0.5, 0.0, 0.7, 1.0, 30.0]
    a, b = (z.ravel().copy() for z in np.meshgrid(values, values))
    lanes, scalar = np.full((2, len(a), f.numel_out(0)), np.nan)
    call(library.robot_all_batch, len(a), a, b, lanes)
    for i in range(len(a)):
        call(library.robot_all, a[i:], b[i:], scalar[i:])
    np.testing.assert_allclose(lanes, scalar, rtol=1e-14)


def test_the_smaller_and_larger_of_a_number_and_a_nan(compile_functions):
    a, b = ca.SX.sym("a"), ca.SX.sym("b")
    f = ca.Function("bounds", [a, b], [ca.vertcat(ca.fmin(a, b), ca.fmax(a, b))], ["a", "b"], ["y"])
    y, nan = np.zeros((3, 2)), np.nan
    first, second = np.array([nan, 2, nan]), np.array([1, nan, nan])
    call(compile_functions(f).robot_bounds_batch, 3, first, second, y)
    np.testing.assert_array_equal(y, [[1, 1], [2, 2], [nan, nan]])


WIDTHS = (1, 2, 3, 5, 8, 9, 15, 16, 24, 31)


@pytest.fixture(scope="module")
def twice(compile_functions):
    """2 x, for x of each width."""
    inputs = {n: ca.SX.sym("x", n) for n in WIDTHS}
    return compile_functions(
        *(ca.Function(f"twice{n}", [x], [2 * x], ["x"], ["y"]) for n, x in inputs.items())
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_any_number_of_rows_of_any_width(twice, width):
    """Each row is its own evaluation, and nothing is read or written beyond the last."""
    rng = np.random.default_rng(width)
    for n in range(20):
        x, y = rng.normal(size=(n, width)), np.full((n + 1, width), np.nan)
        call(getattr(twice, f"robot_twice{width}_batch"), n, x, y)
        np.testing.assert_array_equal(y[:n], 2 * x)
        assert np.isnan(y[n]).all()
