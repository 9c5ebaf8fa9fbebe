"""XOR, which no single perceptron can learn: the network 2-16-1, Adam, mean squared error."""

import numpy as np

import fastnn as keras


def main():
    keras.utils.set_random_seed(0)
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
    y = np.array([[0], [1], [1], [0]], dtype="float32")

    model = keras.Sequential()
    model.add(keras.layers.Dense(16, input_dim=2, activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    model.compile(loss="mse", optimizer="adam", metrics=["binary_accuracy"])
    model.summary()

    model.fit(x, y, epochs=1000, verbose=0)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    print(f"loss {loss:.4f}, binary accuracy {accuracy:.0%}")
    for inputs, output in zip(x, model.predict(x, verbose=0), strict=True):
        print(f"{inputs[0]:.0f} xor {inputs[1]:.0f} = {output[0]:.3f}")
    return accuracy


if __name__ == "__main__":
    main()
