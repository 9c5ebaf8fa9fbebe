"""The readers of data files refuse what is damaged, and name the file."""

import gzip
import io
import tracemalloc
import zipfile

import numpy as np
import pytest
from dataset_tools import idx_bytes

from fastnn.datasets._idx import read_idx
from fastnn.datasets._npz import read_npz

SHAPE = (3, 2, 4)
VALUES = np.arange(24, dtype=np.uint8).reshape(SHAPE)


@pytest.fixture
def write(tmp_path):
    def write(data, name="train-images-idx3-ubyte"):
        file = tmp_path / name
        file.write_bytes(data)
        return file

    return write


# ---- idx files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_idx_plain_or_compressed_whatever_its_name(write, pack, name):
    array = read_idx(write(pack(idx_bytes(VALUES)), name), SHAPE)
    assert array.dtype == np.uint8
    assert array.flags.writeable
    np.testing.assert_array_equal(array, VALUES)


GOOD = idx_bytes(VALUES)
DAMAGED = {
    "empty": (b"", "not an idx file: it begins with nothing"),
    "two bytes": (GOOD[:2], "not an idx file"),
    "wrong magic": (b"\x01" + GOOD[1:], "not an idx file: it begins with 01 00 08 03"),
    "unknown type": (idx_bytes(VALUES, code=7), "not an idx file"),
    "html": (b"<!doctype html><title>404</title>", "not an idx file"),
    "wrong dtype": (idx_bytes(VALUES, code=0x0D), "values are float32, expected uint8"),
    "fewer dimensions": (idx_bytes(VALUES.ravel()), "has 1 dimensions, expected 3"),
    "no sizes": (GOOD[:9], "cut off within its header"),
    "larger": (idx_bytes(VALUES, shape=(4, 2, 4)), r"shape \(4, 2, 4\), expected \(3, 2, 4\)"),
    "huge": (idx_bytes(VALUES, shape=(2**32 - 1,) * 3), "shape .4294967295"),
    "smaller": (idx_bytes(VALUES[:2]), r"shape \(2, 2, 4\), expected \(3, 2, 4\)"),
    "no values": (GOOD[:16], "24 of 24 bytes of values are missing"),
    "short": (GOOD[:-1], "1 of 24 bytes of values are missing"),
    "long": (GOOD + b"\0", "too long"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("case", DAMAGED)
def test_idx_refuses_and_names_the_file(write, case, pack):
    data, message = DAMAGED[case]
    file = write(pack(data))
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(file, SHAPE)
    assert str(file) in str(caught.value)


def test_idx_every_cut_of_a_compressed_file_is_refused(write):
    packed = gzip.compress(GOOD)
    for length in range(len(packed)):
        file = write(packed[:length])
        with pytest.raises(ValueError, match="train-images"):
            read_idx(file, SHAPE)


def test_idx_a_flipped_byte_never_passes_unseen(write):
    packed = gzip.compress(GOOD, mtime=0)
    for position in range(len(packed)):
        damaged = bytearray(packed)
        damaged[position] ^= 0xFF
        file = write(bytes(damaged))
        try:
            array = read_idx(file, SHAPE)
        except ValueError as error:
            array, message = VALUES, str(error)
        else:  # a byte of gzip's header that means nothing: time, system
            message = str(file)
        assert str(file) in message
        np.testing.assert_array_equal(array, VALUES)


def test_idx_a_gzip_bomb_is_not_unpacked(write):
    bomb = gzip.compress(GOOD + bytes(64 << 20))
    file = write(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="too long"):
            read_idx(file, SHAPE)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_idx_missing_file():
    with pytest.raises(FileNotFoundError, match="no-such-file"):
        read_idx("no-such-file", SHAPE)


# ---- npz files ---------------------------------------------------------------------------------

NPZ_SHAPES = {"x": SHAPE, "y": (3,)}
NPZ_ARRAYS = {"x": VALUES, "y": np.arange(3, dtype=np.uint8)}


def npz_bytes(save=np.savez, **changes):
    stream = io.BytesIO()
    save(stream, **{**NPZ_ARRAYS, **changes})
    return stream.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npz(write, save, order):
    file = write(npz_bytes(save, x=np.asarray(VALUES, order=order), other=np.ones(2)), "d.npz")
    found = read_npz(file, NPZ_SHAPES)
    assert list(found) == ["x", "y"]
    np.testing.assert_array_equal(found["x"], VALUES)
    assert found["x"].flags.c_contiguous
    assert found["x"].flags.writeable


def rezip(method, change=lambda data: data):
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(npz_bytes())) as old,
        zipfile.ZipFile(stream, "w", method) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change(old.read(name)))
    return stream.getvalue()


def with_header(text):
    """Return a change of an array's file: another header, which NumPy parses as Python."""
    header = text.encode() + b"\n"
    return lambda data: data[:8] + len(header).to_bytes(2, "little") + header


NPZ_DAMAGED = {
    "no zip": (b"<!doctype html>", "not the .npz file expected"),
    "empty": (b"", "not the .npz file expected"),
    "cut off": (npz_bytes()[:40], "not the .npz file expected"),
    "dtype": (npz_bytes(x=VALUES.astype(np.float32)), "'x' is float32"),
    "pickled": (npz_bytes(y=np.array([{}, 1, 2], object)), "'y' is object"),
    "shape": (npz_bytes(x=VALUES[:2]), r"shape \(2, 2, 4\), expected uint8 of shape \(3, 2, 4\)"),
    "short": (rezip(zipfile.ZIP_STORED, lambda data: data[:-1]), "cut off"),
    "long": (rezip(zipfile.ZIP_DEFLATED, lambda data: data + bytes(9)), "beyond its end"),
    "no header": (rezip(zipfile.ZIP_DEFLATED, lambda data: data[:4]), "EOF"),
    "version": (
        rezip(zipfile.ZIP_STORED, lambda data: data[:6] + b"\x02" + data[7:]),
        "format version .2, 0., expected",
    ),
    **{
        f"header {text[:9]}": (rezip(zipfile.ZIP_STORED, with_header(text)), "the header of the array 'x' is damaged")
        for text in ("(" * 9000, "-" * 9000 + "1", "1" + "+1j" * 3000, f"{{'descr': {'(' * 80}'u1'{',)' * 80}}}")
    },
    "bzip2": (rezip(zipfile.ZIP_BZIP2), "a method that NumPy never uses"),
}


@pytest.mark.parametrize("case", NPZ_DAMAGED)
def test_npz_refuses_and_names_the_file(write, case):
    data, message = NPZ_DAMAGED[case]
    file = write(data, "d.npz")
    with pytest.raises(ValueError, match=message) as caught:
        read_npz(file, NPZ_SHAPES)
    assert str(file) in str(caught.value)


def test_npz_missing_array(write):
    file = write(npz_bytes(), "d.npz")
    with pytest.raises(ValueError, match="no array 'z'"):
        read_npz(file, {"z": (1,)})


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_damage_never_passes_unseen(write, save):
    whole = npz_bytes(save)
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        for data in (bytes(damaged), whole[:position]):
            file = write(data, "d.npz")
            try:
                found, message = read_npz(file, NPZ_SHAPES), str(file)
            except ValueError as error:
                found, message = NPZ_ARRAYS, str(error)
            assert str(file) in message
            np.testing.assert_array_equal(found["x"], VALUES)
            np.testing.assert_array_equal(found["y"], NPZ_ARRAYS["y"])
