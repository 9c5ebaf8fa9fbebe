"""The table of `summary`, character by character as Keras 3.15 prints it."""

import numpy as np
import pytest

from fastnn import Model, Sequential, layers
from fastnn.utils.naming import reset_names


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    reset_names()


def text(model, **settings):
    printed = []
    model.summary(print_fn=printed.append, **settings)
    assert len(printed) == 1
    return printed[0]


def course_model():
    return Sequential(
        [
            layers.Flatten(input_shape=(28, 28)),
            layers.Dense(100, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ],
        name="패션 MNIST 모델",
    )


BUILT = """\
Model: "패션 MNIST 모델"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ flatten (Flatten)               │ (None, 784)            │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 100)            │        78,500 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 10)             │         1,010 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 79,510 (310.59 KB)
 Trainable params: 79,510 (310.59 KB)
 Non-trainable params: 0 (0.00 B)
"""

TRAINABLE = """\
Model: "패션 MNIST 모델"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━┓
┃ Layer (type)                ┃ Output Shape          ┃    Param # ┃ Trai… ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━┩
│ flatten (Flatten)           │ (None, 784)           │          0 │   -   │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│ dense (Dense)               │ (None, 100)           │     78,500 │   N   │
├─────────────────────────────┼───────────────────────┼────────────┼───────┤
│ dense_1 (Dense)             │ (None, 10)            │      1,010 │   Y   │
└─────────────────────────────┴───────────────────────┴────────────┴───────┘
 Total params: 79,510 (310.59 KB)
 Trainable params: 1,010 (3.95 KB)
 Non-trainable params: 78,500 (306.64 KB)
"""

NARROW = """\
Model: "패션 MNIST 모델"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┓
┃ Layer (type)             ┃ Output Shape      ┃   Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━┩
│ dense (Dense)            │ (None, 100)       │    78,500 │
├──────────────────────────┼───────────────────┼───────────┤
│ dense_1 (Dense)          │ (None, 10)        │     1,010 │
└──────────────────────────┴───────────────────┴───────────┘
 Total params: 79,510 (310.59 KB)
 Trainable params: 79,510 (310.59 KB)
 Non-trainable params: 0 (0.00 B)
"""

UNBUILT = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ 은닉층 하나 (Dense)             │ ?                      │   0 (unbuilt) │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dropout (Dropout)               │ ?                      │             0 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)
"""

NESTED = """\
Model: "밖"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ 안 (Sequential)                 │ (None, 3)              │            15 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│    └ 은닉 (Dense)               │ (None, 3)              │            15 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 1)              │             4 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 19 (76.00 B)
 Trainable params: 19 (76.00 B)
 Non-trainable params: 0 (0.00 B)
"""

EMPTY = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)
"""

POSITIONS = """\
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape ┃                             Param # ┃
"""


def test_built_model():
    assert text(course_model()) == BUILT


def test_stdout_without_a_terminal_is_the_same(capsys):
    course_model().summary()
    assert capsys.readouterr().out == BUILT


def test_trainable_column():
    model = course_model()
    model.get_layer("dense").trainable = False
    assert text(model, show_trainable=True) == TRAINABLE


def test_line_length_and_layer_range():
    model = course_model()
    assert text(model, line_length=60, layer_range=("dense", "dense_1")) == NARROW
    assert text(model, line_length=60, layer_range=["dense_1", "dense$"]) == NARROW
    assert text(model, line_length=60, layer_range=("den.e$", "dense_1")) == NARROW


def test_positions():
    assert POSITIONS in text(course_model(), positions=(0.3, 0.5, 1.0))


def test_unbuilt_model_with_a_wide_name():
    assert text(Sequential([layers.Dense(3, name="은닉층 하나"), layers.Dropout(0.2)])) == UNBUILT


def test_nested_model():
    inner = Sequential([layers.Dense(3, name="은닉")], name="안")
    model = Sequential([inner, layers.Dense(1)], name="밖")
    model.build((None, 4))
    assert text(model, expand_nested=True) == NESTED
    assert "은닉" not in text(model)


def test_empty_model():
    assert text(Sequential()) == EMPTY


def test_optimizer_is_counted_once_it_is_built():
    model = course_model()
    model.compile("adam", "sparse_categorical_crossentropy")
    assert text(model) == BUILT
    model.fit(np.zeros((2, 28, 28)), [0, 1], verbose=0)
    lines = text(model).splitlines()
    assert lines[-4] == " Total params: 238,532 (931.77 KB)"
    # Keras says 621.18: iteration and learning rate take 8 bytes each here.
    assert lines[-1] == " Optimizer params: 159,022 (621.19 KB)"


def test_subclass():
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.hidden = layers.Dense(8)

        def call(self, x):
            return self.hidden(x)

    model = Net()
    assert "│ dense (Dense)                   │ ?                      │   0 (unbuilt) │" in text(model)
    model(np.zeros((5, 4), "float32"))
    assert "│ dense (Dense)                   │ (None, 8)              │            40 │" in text(model)


def test_colours_on_a_terminal(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    course_model().summary()
    assert '\x1b[1mModel: "패션 MNIST 모델"\x1b[0m' in capsys.readouterr().out


@pytest.mark.parametrize("layer_range", ["dense", ("dense",), ("dense", 3), ("nothing", "dense"), 5])
def test_bad_layer_range(layer_range):
    with pytest.raises(ValueError, match="layer_range"):
        course_model().summary(layer_range=layer_range)


def test_bad_widths():
    with pytest.raises(ValueError, match="Insufficient console width"):
        course_model().summary(line_length=10)
    with pytest.raises(ValueError, match="positions must hold 3 numbers"):
        course_model().summary(positions=(0.5, 1.0))
