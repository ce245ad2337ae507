"""The Python package against the hand-written model of tests/runtime: what goes in, what comes out, what is refused."""

import copy
import json
import os
import pickle
import struct
import subprocess
import sys
import threading

import numpy as np
import pytest
import rondo

LIBRARY = os.environ["RONDO_TEST_LIBRARY"]
E = np.arange(24, dtype=np.float32).reshape(8, 3) / 4
B = np.array([100, 200, 300], dtype=np.float32)


def safetensors(tensors):
    header, data = {}, b""
    for name, array in tensors.items():
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + array.nbytes],
        }
        data += array.astype(np.float32).tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


WEIGHTS = safetensors({"E": E, "b": B})


@pytest.fixture
def one():
    return rondo.load(LIBRARY, WEIGHTS)


def expected(ids):
    return (E[list(ids)].mean(axis=0) if len(ids) else 0) + B


def test_lists_bytes_arrays(one):
    rows = one.mean([[1, 2], b"\x07\x07\x00\x03", np.array([], dtype=np.int64), np.uint8([5])])
    assert rows.shape == (4, 3) and rows.dtype == np.float32
    for row, ids in zip(rows, [[1, 2], [7, 7, 0, 3], [], [5]]):
        np.testing.assert_array_equal(row, expected(ids))
    np.testing.assert_array_equal(one.mean(text=np.array([[1, 2], [3, 4]])), [expected([1, 2]), expected([3, 4])])
    assert one.mean([]).shape == (0, 3)


def test_ragged_without_copies(one):
    data = np.array([9, 9, 1, 2, 3, 9], dtype=np.int32)
    rows = one.mean(rondo.Ragged(data, [2, 4, 5]))
    np.testing.assert_array_equal(rows, [expected([1, 2]), expected([3])])
    whole = rondo.Ragged(np.array([1, 2, 3, 4], dtype=np.int32), [0, 1, 3, 4])
    np.testing.assert_array_equal(one.mean(whole[1:]), [expected([2, 3]), expected([4])])


def dots_inputs():
    x = [np.array([[1, 2], [3, 4]]), np.array([[5.0, 6.0]])]
    y = [np.ones((1, 2)), np.array([[2, 0], [0, 2], [1, -1]])]
    return dict(x=x, y=y, gold=[[1], [0, 0, 0]], flag=[False, True])


def test_several_results_and_pairs(one):
    given = dots_inputs()
    result = one.dots(**given)
    for i, sign in enumerate([1, -1]):
        np.testing.assert_allclose(result.dots[i], sign * given["x"][i] @ given["y"][i].T)
    assert result.dots[1].base is not None  # a view
    assert [list(each) for each in result.twice] == [[2], [0, 0, 0]]
    assert result.twice.data.dtype == np.int32
    np.testing.assert_array_equal(result.twice.padded(-1), [[2, -1, -1], [0, 0, 0]])
    again = one.dots(given["x"], given["y"], gold=given["gold"], flag=given["flag"])
    np.testing.assert_array_equal(again.dots.data, result.dots.data)


def test_slices_that_begin_at_different_rows(one):
    given = dots_inputs()
    want = one.dots(**given)
    junk = np.full((3, 2), np.nan, dtype=np.float32)
    given["y"] = rondo.Ragged(np.concatenate([junk, *given["y"]]), [3, 4, 7])
    given["gold"] = rondo.Ragged(np.array([99, 1, 0, 0, 0]), [1, 2, 5])
    got = one.dots(**given)
    np.testing.assert_array_equal(got.dots.data, want.dots.data)


@pytest.mark.parametrize(
    "change, kind, text",
    [
        (dict(gold=[[1], [0, 1, 0]]), rondo.Error, "dots: gold[2] is 1; expected 0 to 0"),
        (dict(gold=[[1], [0, 0]]), ValueError, "dots: example 1 has S = 3, but 2 in gold"),
        (dict(gold=[[1]]), ValueError, "dots: gold has 1 examples, x 2"),
        (dict(gold=[[1.5], [0, 0, 0]]), TypeError, "dots: gold[0]: expected whole numbers, got float64"),
        (dict(gold=[[2**40], [0, 0, 0]]), ValueError, "dots: gold[0]: 1099511627776 does not fit an int32"),
        (dict(gold=["a", "abc"]), TypeError, "dots: gold[0]: text must be encoded first; pass bytes or token numbers"),
        (dict(gold=b"abcd"), TypeError, "dots: gold: expected a list with one sequence per example"),
        (dict(x=[np.ones((2, 3)), np.ones((1, 3))]), ValueError, "dots: x[0]: expected the shape [n, 2], got [2, 3]"),
        (dict(x=[np.ones(2), np.ones(2)]), ValueError, "dots: x[0]: expected the shape [n, 2], got [2]"),
        (dict(gold=[1, 0]), ValueError, "dots: gold[0]: expected the shape [n], got []"),
        (dict(gold=[np.ma.array([1], mask=[1]), [0, 0, 0]]), TypeError, "dots: gold[0]: masks are not read; give only the rows that there are"),
        (dict(flag=[0, 2]), rondo.Error, "dots: flag[1] is 2; expected 0 to 1"),
        (dict(x=[np.ones((2, 2)), np.ones((0, 2))]), rondo.Error, "dots: example 1 has T = 0; at least 1"),
        (dict(x=None), TypeError, "dots: x: expected a list with one sequence per example"),
        (dict(z=1), TypeError, "dots: no input called z"),
    ],
)
def test_refusals(one, change, kind, text):
    with pytest.raises(kind) as caught:
        one.dots(**{**dots_inputs(), **change})
    assert str(caught.value) == text


def test_missing_and_too_many(one):
    with pytest.raises(TypeError, match="mean needs text"):
        one.mean()
    with pytest.raises(TypeError, match="mean takes 1 inputs, got 2"):
        one.mean([], [])
    with pytest.raises(TypeError, match="two values for text"):
        one.mean([], text=[])
    with pytest.raises(AttributeError, match="one has no export men"):
        one.men


def test_what_only_looks_like_an_input(one):
    with pytest.raises(ValueError, match=r"^dots: x\[0\]: setting an array element"):
        one.dots(**{**dots_inputs(), "x": [[[1, 2], [1]], [[1, 2]]]})
    for threads in (-1, 257, 2**32 + 1):
        with pytest.raises(ValueError, match=f"threads is {threads}"):
            rondo.load(LIBRARY, WEIGHTS, threads=threads)
    with pytest.raises(ValueError, match="spin_us is -1"):
        rondo.load(LIBRARY, WEIGHTS, spin_us=-1)
    with pytest.raises(TypeError, match="offsets: expected whole numbers, got float64"):
        rondo.Ragged(np.arange(5), [0.5, 2])
    text = rondo.Ragged(np.zeros(3, np.int32), [0, 3])
    text.offsets[1] = 1 << 20
    with pytest.raises(ValueError, match="within the 3 rows"):
        one.mean(text)
    with pytest.raises(ValueError, match="zero byte"):
        one.save("a\0b")
    for copier in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="load the library again"):
            copier(one)


def test_room_that_cannot_be_had_is_forgotten(one):
    with pytest.raises(rondo.Error, match="more than 2147483647 rows"):
        one.reserve(2, T=(2**40, 1))
    one.reserve(2, T=(8, 0))
    assert one.mean([[1]]).shape == (1, 3)


def test_errors_carry_their_code(one):
    with pytest.raises(rondo.Error) as caught:
        one.mean([[8]])
    assert caught.value.code is rondo.Status.ERANGE
    assert pickle.loads(pickle.dumps(caught.value)).text == caught.value.text
    with pytest.raises(rondo.Error) as caught:
        rondo.load(LIBRARY)
    assert caught.value.code is rondo.Status.EINVAL
    with pytest.raises(rondo.Error) as caught:
        rondo.load(LIBRARY, "/nonexistent")
    assert caught.value.code is rondo.Status.EIO
    with pytest.raises(rondo.Error, match="exports no manifest"):
        rondo.load(next(path for path in ("/lib/x86_64-linux-gnu/libm.so.6", "/lib64/libm.so.6") if os.path.exists(path)))


def test_the_whole_list_of_what_is_wrong():
    with pytest.raises(rondo.Error) as caught:
        rondo.load(LIBRARY, safetensors({"E": E.T, **{f"unknown_tensor_{i}": B for i in range(50)}}))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("weights: missing 1: b; other shape 1: E is [3, 8], expected [8, 3]; unused 50:")
    assert lines[-1] == "weights: unused unknown_tensor_49" and len(lines) == 1 + 52


def test_threads_sessions_and_images(tmp_path):
    plain = tmp_path / "w.safetensors"
    plain.write_bytes(WEIGHTS)
    two = rondo.load(LIBRARY, plain, threads=2)
    two.selftest()
    two.reserve(8, T=(160, 20))
    image = tmp_path / "one.weights"
    two.save(image)
    shared = rondo.load(LIBRARY, image)
    batch = [[i % 8] * (i % 7) for i in range(40)]
    want = np.stack([expected(ids) for ids in batch])
    failures = []

    def work(model):
        for _ in range(50):
            if not np.array_equal(model.mean(batch), want):
                failures.append(model)

    threads = [threading.Thread(target=work, args=[model]) for model in (two, shared, two, shared)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    del two, shared


DAEMON = """import sys, threading, numpy as np, rondo
model = rondo.load(sys.argv[1], bytes.fromhex(sys.argv[2]))
ids = rondo.Ragged(np.zeros(2000000, np.int32), np.arange(0, 2000001, 20))
model.mean(ids)
called = threading.Event()
def work():
    while True:
        called.set()
        model.mean(ids)
threading.Thread(target=work, daemon=True).start()
called.wait()
threading.Event().wait(0.02)
"""


def test_a_thread_may_be_in_a_call_when_python_ends():
    for _ in range(4):
        done = subprocess.run([sys.executable, "-c", DAEMON, LIBRARY, WEIGHTS.hex()], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_what_it_says_of_itself(one):
    assert one.exports == ("mean", "dots") and "mean" in dir(one)
    assert "mean(text: token(8)[T]) -> [3]" in repr(one)
    assert one.mean.__doc__ == "mean(text: token(8)[T]) -> [3]"
    with pytest.raises(ValueError, match="one has no sequence axis U; it has T, S"):
        one.reserve(1, U=(1, 1))


def test_ragged():
    ragged = rondo.Ragged.pack([[1, 2], [], [3]])
    assert len(ragged) == 3 and [list(each) for each in ragged] == [[1, 2], [], [3]]
    assert list(ragged[-1]) == [3] and len(ragged[1:]) == 2
    with pytest.raises(IndexError):
        ragged[3]
    with pytest.raises(IndexError):
        ragged[::2]
    for offsets in ([], [0, 3, 2], [-1, 2], [0, 4], [[0]]):
        with pytest.raises(ValueError):
            rondo.Ragged([1, 2, 3], offsets)
