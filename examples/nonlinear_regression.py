"""A curve through points: the network 1-20-20-1 learns a noisy parabola (500 epochs, Adam)."""

import numpy as np

import fastnn as keras


def main():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x_data = np.linspace(0, 10, 100)
    y_data = 1.5 * x_data**2 - 12 * x_data + 2 * rng.normal(size=100) + 0.5

    model = keras.models.Sequential(
        [
            keras.layers.Dense(20, input_dim=1, activation="relu"),
            keras.layers.Dense(20, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(loss="mean_squared_error", optimizer="adam")
    history = model.fit(x_data, y_data, epochs=500, verbose=0)
    for epoch in (0, 9, 99, 499):
        print(f"epoch {epoch + 1:3}: loss {history.history['loss'][epoch]:7.2f}")

    predictions = model.predict(x_data, verbose=0)
    print("\n     x   data  network")
    for row in range(0, 100, 11):
        print(f"{x_data[row]:6.2f} {y_data[row]:6.2f} {predictions[row, 0]:8.2f}")
    return history.history["loss"]


if __name__ == "__main__":
    main()
