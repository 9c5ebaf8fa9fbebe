"""Data sets: the search keeps its order, downloads are checked, the real data are the real data."""

import gzip
import hashlib
import importlib.util
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from dataset_tools import idx_bytes

from fastnn import datasets
from fastnn.datasets import _sources

CI = os.environ.get("CI") == "true"
FASHION = datasets.fashion_mnist.SOURCE
MNIST = datasets.mnist.SOURCE


# ---- the search --------------------------------------------------------------------------------


def label_bytes(rows, label):
    return gzip.compress(idx_bytes(np.full(rows, label, np.uint8)), 1)


@pytest.fixture(scope="session")
def pictures():
    """The two files of pictures, all black: 47 MB that pack into 200 kB."""
    return {
        "train-images-idx3-ubyte.gz": gzip.compress(idx_bytes(np.zeros((60000, 28, 28), np.uint8)), 1),
        "t10k-images-idx3-ubyte.gz": gzip.compress(idx_bytes(np.zeros((10000, 28, 28), np.uint8)), 1),
    }


@pytest.fixture
def make(pictures):
    """Make a directory with a whole data set whose every label is `label`."""

    def make(directory, label):
        directory.mkdir(parents=True, exist_ok=True)
        files = {
            **pictures,
            "train-labels-idx1-ubyte.gz": label_bytes(60000, label),
            "t10k-labels-idx1-ubyte.gz": label_bytes(10000, label),
        }
        for name, data in files.items():
            (directory / name).write_bytes(data)
        return directory

    return make


@pytest.fixture
def lonely(tmp_path, monkeypatch):
    """No data home, an empty cache, no system package, no network."""
    monkeypatch.delenv("FASTNN_DATA_HOME", raising=False)
    monkeypatch.setattr(_sources, "cache_home", lambda: tmp_path / "cache")
    monkeypatch.setattr(_sources, "_MIRROR", "http://127.0.0.1:9/")
    return monkeypatch


def source(base=FASHION, **changes):
    known = {"system": None, **changes}
    return _sources.Source(
        base.title,
        base.folder,
        known.get("downloads", base.downloads),
        known["system"],
        base.package,
    )


def label_of(loaded):
    (x_train, y_train), (x_test, y_test) = loaded[0]
    assert (x_train.shape, y_train.shape) == ((60000, 28, 28), (60000,))
    assert (x_test.shape, y_test.shape) == ((10000, 28, 28), (10000,))
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    return int(y_train[0])


def test_search_order(lonely, make, tmp_path):
    system = make(tmp_path / "system", 4)
    known = source(system=system)
    assert label_of(_sources.load(known)) == 4
    make(tmp_path / "cache" / "fashion-mnist", 3)
    assert label_of(_sources.load(known)) == 3
    lonely.setenv("FASTNN_DATA_HOME", str(tmp_path / "home"))
    assert label_of(_sources.load(known)) == 3
    make(tmp_path / "home" / "fashion-mnist", 2)
    assert label_of(_sources.load(known)) == 2
    given = make(tmp_path / "given", 1)
    arrays, place = _sources.load(known, given)
    assert label_of((arrays, place)) == 1
    assert place == given


def test_data_home_may_be_the_folder_itself_by_its_name(lonely, make, tmp_path):
    folder = make(tmp_path / "fashion-mnist", 5)
    lonely.setenv("FASTNN_DATA_HOME", str(folder))
    assert label_of(_sources.load(source())) == 5
    with pytest.raises(FileNotFoundError, match="MNIST was not found"):
        _sources.load(source(MNIST))


def test_plain_files_and_names_with_dots(lonely, make, tmp_path):
    folder = make(tmp_path / "given", 6)
    for file in list(folder.iterdir()):
        plain = folder / file.name.replace("-idx", ".idx").removesuffix(".gz")
        plain.write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    assert label_of(_sources.load(source(), str(folder))) == 6


def test_npz_file_by_path_and_in_the_data_home(lonely, tmp_path):
    file = tmp_path / "mnist.npz"
    np.savez_compressed(
        file,
        x_train=np.zeros((60000, 28, 28), np.uint8),
        y_train=np.full(60000, 7, np.uint8),
        x_test=np.zeros((10000, 28, 28), np.uint8),
        y_test=np.full(10000, 7, np.uint8),
    )
    assert datasets.mnist.load_data(file)[0][1][0] == 7
    lonely.setenv("FASTNN_DATA_HOME", str(tmp_path))
    assert datasets.mnist.load_data()[1][1][0] == 7
    assert datasets.mnist.load_data("mnist.npz")[1][1][0] == 7  # Keras' default
    with pytest.raises(FileNotFoundError, match="no file or directory 'other.npz'"):
        datasets.mnist.load_data("other.npz")


def test_a_damaged_file_is_an_error_and_not_passed_over(lonely, make, tmp_path):
    good = make(tmp_path / "system", 4)
    bad = make(tmp_path / "cache" / "fashion-mnist", 3) / "t10k-labels-idx1-ubyte.gz"
    bad.write_bytes(bad.read_bytes()[:-9])
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz"):
        _sources.load(source(system=good))


def test_labels_outside_the_classes(lonely, make, tmp_path):
    with pytest.raises(ValueError, match=r"train-labels-idx1-ubyte.gz: a label is 10, expected 0 to 9"):
        datasets.fashion_mnist.load_data(make(tmp_path / "given", 10))


def test_path_is_taken_at_its_word(lonely, make, tmp_path):
    make(tmp_path / "cache" / "fashion-mnist", 3)
    with pytest.raises(FileNotFoundError, match=r"no file or directory '.*nowhere'"):
        datasets.fashion_mnist.load_data(tmp_path / "nowhere")
    folder = make(tmp_path / "given", 1)
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no t10k-labels-idx1-ubyte\[.gz\], nor"):
        datasets.fashion_mnist.load_data(folder)
    with pytest.raises(TypeError, match="path must be"):
        datasets.fashion_mnist.load_data(5)


@pytest.mark.parametrize("base", [FASHION, MNIST], ids=lambda base: base.title)
def test_nothing_found_lists_the_four_ways(lonely, base):
    with pytest.raises(FileNotFoundError) as caught:
        _sources.load(source(base, system=base.system and base.system / "gone"))
    message = str(caught.value)
    assert message.startswith(f"{base.title} was not found")
    for number, word in enumerate(["path", "FASTNN_DATA_HOME", base.package or "cache", "download"], 1):
        line = next(line for line in message.splitlines() if line.startswith(f"  {number}. "))
        assert word in line
    assert "it is not set" in message


def test_without_pooch_the_error_says_how_to_install_it(lonely, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pooch", None)
    with pytest.raises(FileNotFoundError, match="python -m pip install pooch"):
        _sources.load(source())


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "there/fastnn"),
        ("linux", None, "me/.cache/fastnn"),
        ("darwin", None, "me/Library/Caches/fastnn"),
    ],
)
def test_cache_home(monkeypatch, platform, variable, expected):
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv("HOME", "/me")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if variable:
        monkeypatch.setenv(variable, "/there")
    assert _sources.cache_home().as_posix() == f"/{expected}"


# ---- the download, from a server of our own ----------------------------------------------------

needs_pooch = pytest.mark.skipif(importlib.util.find_spec("pooch") is None and not CI, reason="pooch is not installed")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def mirror(lonely, make, tmp_path):
    folder = make(tmp_path / "mirror", 8)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    lonely.setattr(_sources, "_MIRROR", f"http://127.0.0.1:{server.server_port}/")
    lonely.setenv("NO_PROXY", "127.0.0.1")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


def hashes(folder):
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}


@needs_pooch
def test_download_goes_into_the_cache(mirror, tmp_path):
    known = source(downloads=hashes(mirror))
    arrays, place = _sources.load(known)
    assert label_of((arrays, place)) == 8
    assert place == tmp_path / "cache" / "fashion-mnist"
    for file in mirror.iterdir():
        file.unlink()
    assert label_of(_sources.load(known)) == 8


@needs_pooch
def test_download_with_another_hash_is_refused_and_not_kept(mirror, tmp_path):
    known = source(downloads={**hashes(mirror), "t10k-labels-idx1-ubyte.gz": "0" * 64})
    with pytest.raises(FileNotFoundError, match=r"the download, from .*hash"):
        _sources.load(known)
    assert not (tmp_path / "cache" / "fashion-mnist" / "t10k-labels-idx1-ubyte.gz").exists()
    with pytest.raises(FileNotFoundError, match="Fashion-MNIST was not found"):
        _sources.load(known)


# ---- the real data -----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def fashion():
    try:
        return datasets.fashion_mnist.load_data()
    except FileNotFoundError as error:
        if CI:
            pytest.fail(f"CI=true, and Fashion-MNIST is missing: {error}")
        pytest.skip("Fashion-MNIST is not on this machine")


def test_fashion_mnist_is_the_published_one(fashion):
    (x_train, y_train), (x_test, y_test) = fashion
    assert x_train.shape == (60000, 28, 28)
    assert x_test.shape == (10000, 28, 28)
    # SHA-256 of the values as published, headers included.
    published = {
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888": x_train,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9": y_train,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b": x_test,
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34": y_test,
    }
    for digest, array in published.items():
        assert hashlib.sha256(idx_bytes(array)).hexdigest() == digest


def test_class_names_fit_the_labels(fashion):
    assert len(datasets.fashion_mnist.class_names) == 10
    assert set(np.unique(fashion[0][1])) == set(range(10))
    assert datasets.fashion_mnist.class_names[int(fashion[0][1][0])] == "Ankle boot"


def test_digits():
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    assert x_train.shape == (1437, 8, 8)
    assert x_test.shape == (360, 8, 8)
    assert y_train.shape == (1437,)
    assert y_test.shape == (360,)
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    assert x_train.max() == 16
    assert np.bincount(np.r_[y_train, y_test]).sum() == 1797
    assert np.bincount(y_test, minlength=10).min() > 20
    again = datasets.digits.load_data()
    np.testing.assert_array_equal(again[0][0], x_train)
